import TinyNN

extension Graph {
  /// Makes int8 of every input that is only ever quantized, always with the same map: whoever fills it quantizes, so that no
  /// float32 copy lies in the arena. The outputs keep their bits.
  public mutating func quantizeInputs() {
    for input in inputs where type(input).elementType == .float32 {
      let readers = nodes.indices.filter { nodes[$0].inputs.contains(input) }
      guard let first = readers.first, !outputs.contains(input), readers.allSatisfy({ nodes[$0].kind == .quantize }),
        let map = tensors[nodes[first].outputs[0]].quantization,
        readers.allSatisfy({ tensors[nodes[$0].outputs[0]].quantization == map })
      else { continue }
      let quantized = readers.map { nodes[$0].outputs[0] }
      guard quantized.allSatisfy({ !outputs.contains($0) }) else { continue }
      tensors[input].type = TensorType(.int8, shape(input))
      tensors[input].quantization = map
      for reader in readers.reversed() { nodes.remove(at: reader) }
      for tensor in quantized { replaceUses(of: tensor, with: input) }
    }
  }
}
