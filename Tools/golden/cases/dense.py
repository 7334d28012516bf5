"""Gemm and MatMul."""

from .builder import Builder, case


@case
def gemm(b: Builder):
    return b.node("Gemm", b.input(1, 9), b.weight(9, 5), b.weight(5))


@case
def gemm_transposed_weight(b: Builder):
    return b.node("Gemm", b.input(1, 9), b.weight(5, 9), b.weight(5), transB=1)


@case
def gemm_no_bias(b: Builder):
    return b.node("Gemm", b.input(1, 9), b.weight(5, 9), transB=1)


@case
def gemm_alpha_beta(b: Builder):
    return b.node("Gemm", b.input(1, 9), b.weight(9, 5), b.weight(5), alpha=0.7, beta=-1.3)


@case
def gemm_transposed_input(b: Builder):
    return b.node("Gemm", b.input(9, 1), b.weight(5, 9), b.weight(5), transA=1, transB=1)


@case
def gemm_scalar_bias(b: Builder):
    return b.node("Gemm", b.input(1, 9), b.weight(9, 5), b.weight(1))


@case
def gemm_row_bias(b: Builder):
    return b.node("Gemm", b.input(1, 9), b.weight(9, 5), b.weight(1, 5))


@case
def gemm_rows(b: Builder):
    return b.node("Gemm", b.input(3, 7), b.weight(4, 7), b.weight(4), transB=1)


@case
def gemm_one_output(b: Builder):
    return b.node("Gemm", b.input(1, 33), b.weight(1, 33), b.weight(1), transB=1)


@case
def gemm_relu(b: Builder):
    return b.node("Relu", b.node("Gemm", b.input(1, 9), b.weight(9, 12), b.weight(12)))


@case
def matmul_bias(b: Builder):
    return b.node("Add", b.node("MatMul", b.input(1, 9), b.weight(9, 5)), b.weight(5))


@case
def matmul_bias_first(b: Builder):
    return b.node("Add", b.weight(5), b.node("MatMul", b.input(1, 9), b.weight(9, 5)))


@case
def matmul_no_bias(b: Builder):
    return b.node("MatMul", b.input(1, 9), b.weight(9, 5))


@case
def matmul_rank_3(b: Builder):
    return b.node("Add", b.node("MatMul", b.input(1, 4, 6), b.weight(6, 5)), b.weight(5))


@case
def matmul_transposed_weight(b: Builder):
    weight = b.node("Transpose", b.weight(5, 9), perm=[1, 0])
    return b.node("Add", b.node("MatMul", b.input(1, 9), weight), b.weight(5))


@case
def flatten_gemm(b: Builder):
    y = b.convolution(b.input(1, 3, 5, 4), 3, 4, (3, 3))
    return b.node("Gemm", b.node("Flatten", y), b.weight(6, 24), b.weight(6), transB=1)


@case
def classifier_as_conv(b: Builder):
    y = b.convolution(b.input(1, 3, 5, 4), 3, 6, (3, 3))
    y = b.node("GlobalAveragePool", y)
    return b.node("Flatten", b.convolution(y, 6, 7, (1, 1)))


@case
def matmul_constant_first(b: Builder):
    return b.node("MatMul", b.weight(5, 4), b.input(1, 4, 3))


@case
def matmul_vector(b: Builder):
    return b.node("MatMul", b.input(1, 3, 6), b.weight(6))


@case
def matmul_leading_ones(b: Builder):
    return b.node("MatMul", b.input(1, 2, 3, 6), b.weight(1, 1, 6, 4))


@case
def gemm_computed_addend(b: Builder):
    return b.node("Gemm", b.input(2, 6), b.weight(4, 6), b.input(1, 4), transB=1, beta=0.5)


@case
def einsum_attention(b: Builder):
    scores = b.node("Einsum", b.input(1, 5, 2, 4), b.input(1, 6, 2, 4), equation="bqhd,bkhd->bhqk")
    return b.node("Einsum", b.node("Softmax", scores, axis=-1), b.input(1, 6, 2, 3), equation="bhqk,bkhd->bqhd")


@case
def einsum_with_weight(b: Builder):
    return b.node("Einsum", b.input(1, 3, 4, 5), b.weight(3, 7), equation="nchw,co->nohw")


@case
def einsum_sums(b: Builder):
    return b.node("Einsum", b.input(3, 4, 5), b.input(4, 2), equation="ijk,jl->il")


@case
def einsum_implicit(b: Builder):
    return b.node("Einsum", b.input(3, 4), b.input(4, 5), equation="ij, jk")
