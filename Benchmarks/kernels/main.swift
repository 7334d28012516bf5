// GFLOP/s of the float kernels on layers of mobilenet_v2 and resnet18 at 224 and on the products of training, beside OpenBLAS's
// sgemm, and of the int8 kernels (a product and a sum are two operations there too), with their ratio to the float ones; one
// thread.
//
// Usage: run.sh [reference|avx2|avx512|neon|avxVNNI|avx512VNNI|neonDotProduct|neonI8MM] [rounds]
// Rounds of all contenders are interleaved; every figure is the median over the rounds.

import COpenBLAS
import CTinyNN
import TinyNN

let names = Dictionary(
  uniqueKeysWithValues: (UInt8.min...UInt8.max).compactMap(InstructionSet.init(rawValue:)).map { ("\($0)", $0) })
let instructionSet = CommandLine.arguments.dropFirst().first.flatMap { names[$0] } ?? .best
let rounds = CommandLine.arguments.dropFirst(2).first.flatMap { Int($0) } ?? 15
guard let kernels = Kernels(instructionSet: instructionSet) else { fatalError("this machine has no \(instructionSet)") }

openblas_set_num_threads(1)
print("instruction set: \(instructionSet), rounds: \(rounds), OpenBLAS: \(unsafe String(cString: openblas_get_corename()))")
print("\npointwise, dense     rows x depth x columns   ours  OpenBLAS  ratio     int8  ratio")
for shape in matMulShapes { printMatMul(shape, kernels, rounds: rounds) }
print("\ntraining             rows x depth x columns   ours  OpenBLAS  ratio     int8  ratio")
for shape in trainingShapes { printMatMul(shape, kernels, rounds: rounds) }
print("\ndepthwise            rows x cols x channels   ours   GB/s     int8  ratio")
for shape in depthwiseShapes { printDepthwise(shape, kernels, rounds: rounds) }
