// Loaders and writers of the official dataset layouts.
