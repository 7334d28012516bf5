"""What vision transformers add: products of two computed tensors, normalisation of rows, GELU, attention."""

import numpy as np

from .builder import Builder, case


@case
def matmul_computed(b: Builder):
    return b.node("MatMul", b.input(5, 7), b.input(7, 19))


@case
def matmul_batched(b: Builder):
    return b.node("MatMul", b.input(1, 2, 5, 7), b.input(1, 2, 7, 3))


@case
def matmul_broadcast(b: Builder):
    return b.node("MatMul", b.input(2, 1, 3, 4), b.input(3, 4, 17))


@case
def matmul_constant_batch(b: Builder):
    return b.node("MatMul", b.input(1, 3, 4), b.weight(2, 4, 5))


@case
def matmul_computed_vector(b: Builder):
    return b.node("MatMul", b.input(2, 5, 7), b.input(7))


@case
def matmul_vector_left(b: Builder):
    return b.node("MatMul", b.input(7), b.input(2, 7, 4))


@case
def gemm_computed(b: Builder):
    return b.node("Gemm", b.input(4, 3), b.input(5, 3), b.weight(5), transB=1, alpha=0.5, beta=2.0)


@case
def layer_normalization(b: Builder):
    b.opset = 17
    return b.node("LayerNormalization", b.input(1, 4, 21), b.weight(21), b.weight(21), epsilon=1e-6)


@case
def layer_normalization_no_bias_axes(b: Builder):
    b.opset = 17
    return b.node("LayerNormalization", b.input(2, 3, 4, 5), b.weight(4, 5), axis=2)


@case
def layer_normalization_decomposed(b: Builder):
    x = b.input(1, 4, 21)
    centred = b.node("Sub", x, b.node("ReduceMean", x, axes=[-1]))
    variance = b.node("ReduceMean", b.node("Pow", centred, b.constant(2.0)), axes=[-1])
    deviation = b.node("Sqrt", b.node("Add", variance, b.constant(1e-6)))
    y = b.node("Mul", b.node("Div", centred, deviation), b.weight(21))
    return b.node("Add", y, b.weight(21))


@case
def layer_normalization_of_channels(b: Builder):
    b.opset = 17
    y = b.node("Transpose", b.convolution(b.input(1, 3, 5, 4), 3, 6, (3, 3)), perm=[0, 2, 3, 1])
    y = b.node("LayerNormalization", y, b.weight(6), b.weight(6))
    return b.convolution(b.node("Transpose", y, perm=[0, 3, 1, 2]), 6, 4, (1, 1))


@case
def instance_normalization(b: Builder):
    return b.node("InstanceNormalization", b.input(1, 3, 5, 4), b.weight(3), b.weight(3))


@case
def group_normalization_opset_21(b: Builder):
    b.opset = 21
    return b.node("GroupNormalization", b.input(1, 6, 5, 4), b.weight(6), b.weight(6), num_groups=2)


@case
def group_normalization_decomposed(b: Builder):
    y = b.node("Reshape", b.input(1, 6, 5, 4), b.ints(0, 2, -1))
    y = b.node("InstanceNormalization", y, b.constant([1.0, 1.0]), b.constant([0.0, 0.0]))
    y = b.node("Reshape", y, b.ints(1, 6, 5, 4))
    return b.node("Add", b.node("Mul", y, b.weight(6, 1, 1)), b.weight(6, 1, 1))


@case
def erf(b: Builder):
    return b.node("Erf", b.input(1, 60, low=-5, high=5))


@case
def gelu(b: Builder):
    b.opset = 20
    return b.node("Gelu", b.input(1, 60, low=-6, high=6))


@case
def gelu_tanh(b: Builder):
    b.opset = 20
    return b.node("Gelu", b.input(1, 60, low=-6, high=6), approximate="tanh")


@case
def gelu_erf_form(b: Builder):
    x = b.node("Gemm", b.input(1, 9), b.weight(9, 12), b.weight(12))
    gate = b.node("Add", b.node("Erf", b.node("Div", x, b.constant(np.sqrt(2.0)))), b.constant(1.0))
    return b.node("Mul", b.node("Mul", x, gate), b.constant(0.5))


@case
def gelu_tanh_form(b: Builder):
    x = b.node("Gemm", b.input(1, 9), b.weight(9, 12), b.weight(12))
    cube = b.node("Mul", b.node("Mul", b.node("Mul", x, x), x), b.constant(0.044715))
    inner = b.node("Mul", b.node("Add", x, cube), b.constant(np.sqrt(2 / np.pi)))
    return b.node("Mul", b.node("Mul", b.constant(0.5), x), b.node("Add", b.node("Tanh", inner), b.constant(1.0)))


@case
def attention_decomposed(b: Builder):
    tokens, heads, size = 5, 2, 4
    width = heads * size
    qkv = b.node("Add", b.node("MatMul", b.input(1, tokens, width), b.weight(width, 3 * width)), b.weight(3 * width))
    qkv = b.node("Reshape", qkv, b.ints(1, tokens, 3, heads, size))
    qkv = b.node("Transpose", qkv, perm=[2, 0, 3, 1, 4])
    q, k, v = (b.node("Gather", qkv, b.scalar_int(i), axis=0) for i in range(3))
    k = b.node("Transpose", k, perm=[0, 1, 3, 2])
    scores = b.node("Mul", b.node("MatMul", q, k), b.constant(size**-0.5))
    y = b.node("MatMul", b.node("Softmax", scores, axis=-1), v)
    y = b.node("Reshape", b.node("Transpose", y, perm=[0, 2, 1, 3]), b.ints(1, tokens, width))
    return b.node("Add", b.node("MatMul", y, b.weight(width, width)), "x")


@case
def class_token_and_positions(b: Builder):
    y = b.convolution(b.input(1, 3, 4, 6), 3, 8, (2, 2), strides=[2, 2])
    y = b.node("Transpose", b.node("Reshape", y, b.ints(1, 8, -1)), perm=[0, 2, 1])
    token = b.node("Expand", b.weight(1, 1, 8), b.ints(1, -1 + 2, 8))
    return b.node("Add", b.node("Concat", token, y, axis=1), b.weight(1, 7, 8))


@case
def transpose_rank_6(b: Builder):
    y = b.node("Reshape", b.input(1, 3, 4, 6), b.ints(1, 3, 2, 2, 3, 2))
    return b.node("Reshape", b.node("Transpose", y, perm=[0, 2, 4, 3, 5, 1]), b.ints(1, 6, 12))


@case
def grid_attention_projection(b: Builder):
    """MaxViT's grid partition: the windows become the batch of the projection behind them."""
    x = b.node("Transpose", b.convolution(b.input(1, 3, 4, 4), 3, 6, (3, 3), pads=[1, 1, 1, 1]), perm=[0, 2, 3, 1])
    y = b.node("Transpose", b.node("Reshape", x, b.ints(1, 2, 2, 2, 2, 6)), perm=[0, 2, 4, 1, 3, 5])
    y = b.node("Add", b.node("MatMul", b.node("Reshape", y, b.ints(4, 2, 2, 6)), b.weight(6, 5)), b.weight(5))
    return b.node("Softmax", b.node("Reshape", y, b.ints(4, 4, 5)), axis=1)


@case
def attention_with_reordered_axes(b: Builder):
    """Windows as Swin cuts them: normalisation between reshapes and transposes of rank 6."""
    b.opset = 17
    y = b.node("Reshape", b.input(1, 4, 6, 8), b.ints(1, 2, 2, 3, 2, 8))
    y = b.node("Transpose", y, perm=[0, 1, 3, 2, 4, 5])
    y = b.node("LayerNormalization", y, b.weight(8), b.weight(8))
    y = b.node("Reshape", y, b.ints(6, 4, 8))
    return b.node("MatMul", y, b.weight(8, 3))


@case
def attention_opset_23(b: Builder):
    b.opset = 23
    q, k, v = b.input(1, 5, 8), b.input(1, 6, 8), b.input(1, 6, 8)
    return b.node("Attention", q, k, v, q_num_heads=2, kv_num_heads=2, is_causal=1)
