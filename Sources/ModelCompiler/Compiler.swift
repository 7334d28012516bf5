import TinyNN

extension Graph {
  /// Runs all passes, in the order in which one prepares the next.
  public mutating func optimize() {
    removeDeadNodes()
    moveTransposes()
    mergeEqualNodes()
    absorbPads()
    foldScales()
    mergeBranches()
    recognizeNormalizations()
    fuseActivations()
    // What was fused or folded may have stood between two transposes or reshapes.
    moveTransposes()
    joinTransposes()
    mergeEqualNodes()
    removeUnusedTensors()
  }

  /// Parameters: elements of constants, each counted once.
  public var parameterCount: Int {
    tensors.reduce(0) { $0 + ($1.constant == nil ? 0 : $1.type.shape.count) }
  }
}

extension Model {
  /// Multiply-adds of one inference: convolutions and matrix products, as papers count them.
  public var multiplyAdds: Int {
    (0..<operatorCount).reduce(0) { $0 + multiplyAdds(ofOperator: $1) }
  }
}
