// GFLOP/s of the float kernels on layers of mobilenet_v2 and resnet18 at 224, beside OpenBLAS's sgemm, one thread.
//
// Usage: kernel-bench [reference|avx2|avx512|neon] [rounds]
// Rounds of all contenders are interleaved; every figure is the median over the rounds.

import COpenBLAS
import CTinyNN
import TinyNN

let names: [String: InstructionSet] = ["reference": .reference, "avx2": .avx2, "avx512": .avx512, "neon": .neon]
let instructionSet = CommandLine.arguments.dropFirst().first.flatMap { names[$0] } ?? .best
let rounds = CommandLine.arguments.dropFirst(2).first.flatMap { Int($0) } ?? 15
guard let kernels = Kernels(instructionSet: instructionSet) else { fatalError("this machine has no \(instructionSet)") }

openblas_set_num_threads(1)
print("instruction set: \(instructionSet), rounds: \(rounds), OpenBLAS: \(unsafe String(cString: openblas_get_corename()))")
print("\npointwise, dense     rows x depth x columns   ours  OpenBLAS  ratio")
for shape in matMulShapes { printMatMul(shape, kernels, rounds: rounds) }
print("\ndepthwise            rows x cols x channels   ours   GB/s")
for shape in depthwiseShapes { printDepthwise(shape, kernels, rounds: rounds) }
