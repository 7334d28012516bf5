"""Elementwise activations, as operators and as exporters decompose them, and Softmax."""

import numpy as np

from .builder import Builder, case


@case
def relu(b: Builder):
    return b.node("Relu", b.input(1, 5, 4, 3))


@case
def clip_inputs(b: Builder):
    return b.node("Clip", b.input(1, 5, 4, 3, low=-9, high=9), b.constant(0.0), b.constant(6.0))


@case
def clip_constant_nodes(b: Builder):
    y = b.convolution(b.input(1, 3, 5, 4), 3, 4, (3, 3))
    low = b.node("Constant", value_float=0.0)
    high = b.node("Constant", value_float=1.0)
    return b.node("Clip", y, low, high)


@case
def clip_odd_bounds(b: Builder):
    return b.node("Clip", b.input(1, 5, 4, 3), b.constant(-0.7), b.constant(1.1))


@case
def clip_only_min(b: Builder):
    return b.node("Clip", b.input(1, 5, 4, 3), b.constant(-0.5))


@case
def clip_only_max(b: Builder):
    return b.node("Clip", b.input(1, 5, 4, 3), "", b.constant(0.5))


@case
def clip_attributes_opset_6(b: Builder):
    b.opset = 10
    y = b.convolution(b.input(1, 3, 5, 4), 3, 4, (3, 3))
    return b.node("Clip", y, min=0.0, max=6.0)


@case
def leaky_relu(b: Builder):
    return b.node("LeakyRelu", b.input(1, 5, 4, 3), alpha=0.3)


@case
def leaky_relu_default(b: Builder):
    return b.node("LeakyRelu", b.input(1, 5, 4, 3))


@case
def prelu_one_slope(b: Builder):
    return b.node("PRelu", b.input(1, 5, 4, 3), b.constant([0.2]))


@case
def prelu_per_channel(b: Builder):
    return b.node("PRelu", b.input(1, 5, 4, 3), b.weight(5, 1, 1))


@case
def sigmoid(b: Builder):
    return b.node("Sigmoid", b.input(1, 5, 4, 3, low=-12, high=12))


@case
def sigmoid_saturated(b: Builder):
    return b.node("Sigmoid", b.input(1, 3, 4, 3, low=-150, high=150))


@case
def silu(b: Builder):
    x = b.input(1, 5, 4, 3, low=-8, high=8)
    return b.node("Mul", x, b.node("Sigmoid", x))


@case
def silu_gate_first(b: Builder):
    y = b.convolution(b.input(1, 3, 5, 4), 3, 4, (3, 3))
    return b.node("Mul", b.node("Sigmoid", y), y)


@case
def hard_sigmoid(b: Builder):
    return b.node("HardSigmoid", b.input(1, 5, 4, 3, low=-6, high=6))


@case
def hard_sigmoid_torch(b: Builder):
    return b.node("HardSigmoid", b.input(1, 5, 4, 3, low=-6, high=6), alpha=1 / 6, beta=0.5)


@case
def hard_swish(b: Builder):
    b.opset = 14
    return b.node("HardSwish", b.input(1, 5, 4, 3, low=-6, high=6))


@case
def hard_swish_add_clip_mul_div(b: Builder):
    x = b.input(1, 5, 4, 3, low=-6, high=6)
    gate = b.node("Clip", b.node("Add", x, b.constant(3.0)), b.constant(0.0), b.constant(6.0))
    return b.node("Div", b.node("Mul", x, gate), b.constant(6.0))


@case
def hard_swish_div_before_mul(b: Builder):
    y = b.convolution(b.input(1, 3, 5, 4, low=-6, high=6), 3, 4, (1, 1))
    gate = b.node("Clip", b.node("Add", b.constant(3.0), y), b.constant(0.0), b.constant(6.0))
    return b.node("Mul", b.node("Mul", gate, b.constant(np.float32(1 / 6))), y)


@case
def hard_swish_hard_sigmoid_mul(b: Builder):
    x = b.input(1, 5, 4, 3, low=-6, high=6)
    return b.node("Mul", x, b.node("HardSigmoid", x, alpha=1 / 6, beta=0.5))


@case
def softmax(b: Builder):
    return b.node("Softmax", b.input(1, 11, low=-5, high=5))


@case
def softmax_large_values(b: Builder):
    return b.node("Softmax", b.input(1, 11, low=900, high=1000), axis=1)


@case
def softmax_channels(b: Builder):
    return b.node("Softmax", b.input(1, 5, 4, 3), axis=1)


@case
def softmax_columns(b: Builder):
    return b.node("Softmax", b.input(1, 5, 4, 3), axis=-1)


@case
def softmax_opset_11_flattens(b: Builder):
    b.opset = 11
    return b.node("Softmax", b.input(1, 5, 4, 3), axis=1)


@case
def activation_without_convolution(b: Builder):
    return b.node("Relu", b.node("MaxPool", b.input(1, 5, 6, 5), kernel_shape=[2, 2]))


@case
def elu(b: Builder):
    return b.node("Elu", b.input(1, 5, 4, 3, low=-4, high=2), alpha=0.7)


@case
def selu(b: Builder):
    return b.node("Selu", b.convolution(b.input(1, 3, 5, 4), 3, 4, (3, 3)))


@case
def hard_swish_after_conv(b: Builder):
    b.opset = 14
    y = b.convolution(b.input(1, 3, 5, 4), 3, 4, (1, 1))
    return b.node("Mul", y, b.node("HardSigmoid", y, alpha=1 / 6, beta=0.5))


@case
def softmax_middle_axis(b: Builder):
    return b.node("Softmax", b.input(2, 5, 3, 4), axis=1)


@case
def log_softmax(b: Builder):
    return b.node("LogSoftmax", b.input(2, 9), axis=-1)


@case
def softplus_mish_log(b: Builder):
    x = b.input(1, 40, low=-8, high=8)
    soft = b.node("Softplus", x)
    mish = b.node("Mul", x, b.node("Tanh", soft))
    return b.node("Concat", soft, mish, b.node("Log", b.node("Add", soft, b.constant(0.5))), axis=1)


@case
def mish_opset_18(b: Builder):
    b.opset = 18
    return b.node("Mish", b.input(1, 40, low=-8, high=8))


@case
def thresholded_and_continuous_relu(b: Builder):
    x = b.input(1, 40)
    return b.node("Concat", b.node("ThresholdedRelu", x, alpha=0.7), b.node("Celu", x, alpha=1.5), axis=1)
