/* erf by pieces, for ck_math_avx2.h, ck_math_avx512.h, ck_math_neon.h and ck_math_ref.h.
 *
 * t = min(|x|, CK_ERF_END), where the float is 1, lies in piece k = t / CK_ERF_STEP to the nearest, at d = t - k CK_ERF_STEP.
 * Pieces 0 and 1: erf(t) = t + t P_k(d); the others: erf(t) = B_k + d P_k(d). Eight pieces, because a vector of eight
 * floats is a table that one instruction reads for every lane; two polynomials and an exponential took four times as long.
 * Minimax fits (Lawson iteration in 40 digits), coefficients rounded one by one, lowest first. */
#ifndef CK_ERF_H
#define CK_ERF_H

#define CK_ERF_STEP 0.53125f
#define CK_ERF_STEPS_PER_UNIT (1 / 0.53125f)
#define CK_ERF_END 3.96875f

enum { CK_ERF_NEAR = 2, CK_ERF_DEGREE = 5 };

/* B_k, then the coefficients of P_k from the lowest on. */
static const float ck_erf_table[CK_ERF_DEGREE + 2][8] __attribute__((aligned(32), unused)) = {
    {0, 0, 0.867058277f, 0.975797713f,
     0.997345984f, 0.999827683f, 0.999993443f, 0.999999881f},
    {0.128379166f, 0.0306417979f, 0.364903301f, 0.0889876038f,
     0.0123408204f, 0.000973238202f, 4.36471601e-05f, 1.11272561e-06f},
    {-7.15872488e-07f, -0.338310689f, -0.387710452f, -0.141823709f,
     -0.026226772f, -0.0025819412f, -0.000137649622f, -1.03286211e-05f},
    {-0.376085222f, -0.214098051f, 0.152942061f, 0.121046372f,
     0.0330401845f, 0.00425274577f, 0.000280858134f, 9.927885e-06f},
    {-0.000736430229f, 0.170398995f, 0.0480109751f, -0.0491728596f,
     -0.0262864064f, -0.00490178913f, -0.000454418245f, 0.000214590749f},
    {0.118544109f, 0.0247719754f, -0.0647744834f, -0.00563980173f,
     0.0123320362f, 0.00386167155f, 0.000443879748f, 2.26898246e-05f},
    {-0.0201327428f, -0.0484287925f, 0.00976084825f, 0.0156777427f,
     -0.00230947393f, -0.00107351865f, 0.000123423015f, -0.00220496161f},
};

#endif
