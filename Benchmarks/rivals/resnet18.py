"""ResNet-18 (He et al. 2016) at 224 px with seeded random weights, written with the onnx package alone."""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def build(path, size=224, seed=0):
    random = np.random.default_rng(seed)
    nodes, weights = [], []
    count = 0

    def tensor(array):
        nonlocal count
        count += 1
        name = f"w{count}"
        weights.append(numpy_helper.from_array(array.astype(np.float32), name))
        return name

    def node(kind, inputs, **attributes):
        nonlocal count
        count += 1
        nodes.append(helper.make_node(kind, inputs, [f"t{count}"], name=f"{kind.lower()}{count}", **attributes))
        return f"t{count}"

    def convolution(x, inputs, outputs, kernel, stride):
        scale = np.sqrt(2 / (inputs * kernel * kernel))
        pad = kernel // 2
        return node("Conv", [x, tensor(random.normal(0, scale, (outputs, inputs, kernel, kernel))),
                             tensor(random.normal(0, 0.1, outputs))],
                    kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[pad] * 4)

    def block(x, inputs, outputs, stride):
        y = node("Relu", [convolution(x, inputs, outputs, 3, stride)])
        y = convolution(y, outputs, outputs, 3, 1)
        if stride != 1 or inputs != outputs:
            x = convolution(x, inputs, outputs, 1, stride)
        # Halved, so that random weights do not blow the activations up.
        return node("Relu", [node("Mul", [node("Add", [x, y]), tensor(np.array(0.7))])])

    x = node("Relu", [convolution("x", 3, 64, 7, 2)])
    x = node("MaxPool", [x], kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    channels = 64
    for outputs, stride in [(64, 1), (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1)]:
        x = block(x, channels, outputs, stride)
        channels = outputs
    x = node("Flatten", [node("GlobalAveragePool", [x])])
    nodes.append(helper.make_node("Gemm", [x, tensor(random.normal(0, 0.05, (1000, 512))), tensor(np.zeros(1000))], ["y"],
                                  name="classifier", transB=1))
    graph = helper.make_graph(nodes, "resnet18",
                              [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, size, size])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1000])], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    onnx.checker.check_model(model)
    onnx.save(model, path)


if __name__ == "__main__":
    import sys
    build(sys.argv[1])
