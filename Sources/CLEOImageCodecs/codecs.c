#include "cleo_image_codecs.h"
