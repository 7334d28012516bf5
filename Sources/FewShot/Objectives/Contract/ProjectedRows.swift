package import TinyNN

/// A batch's embeddings behind an `AuxiliaryHead`, so that views are compared by a projection that training throws away, not by
/// what the classifier sees (Chen et al. 2020).
///
/// Memory: the head's | outputs [rows][outputs] | their gradients, the same.
package struct ProjectedRows {
  package let head: AuxiliaryHead
  package let outputCount: Int
  private let rowLimit: Int

  package init(_ shape: ObjectiveShape, outputCount: Int) {
    head = AuxiliaryHead(inputCount: shape.dimension, outputCount: outputCount)
    self.outputCount = outputCount
    rowLimit = shape.rowCount
  }

  package var memoryCount: Int { head.memoryCount + 2 * rowLimit * outputCount }

  package func outputs(_ memory: Elements<Float>) -> Elements<Float> { memory.slice(head.memoryCount, rowLimit * outputCount) }
  package func gradients(_ memory: Elements<Float>) -> Elements<Float> {
    memory.slice(head.memoryCount + rowLimit * outputCount, rowLimit * outputCount)
  }

  package func project(_ batch: ObjectiveBatch, _ memory: Elements<Float>) {
    let outputs = outputs(memory)
    for row in 0..<batch.rows.count {
      let found = head.outputs(of: batch.embedding(row), memory), target = outputs.slice(row * outputCount, outputCount)
      for i in 0..<outputCount { target[i] = found[i] }
    }
  }

  /// Brings the outputs' gradients, which have the batch's weight in them, back to the embeddings and to the head's weights.
  package func turnBack(_ batch: ObjectiveBatch, _ memory: Elements<Float>) {
    let gradients = gradients(memory)
    for row in 0..<batch.rows.count {
      let embedding = batch.embedding(row), place = head.outputs(of: embedding, memory)
      let slopes = gradients.slice(row * outputCount, outputCount), gradient = batch.gradient(row)
      for i in 0..<outputCount { place[i] = slopes[i] }
      gradient.clear()
      head.addGradients(of: embedding, memory, to: gradient)
    }
  }
}
