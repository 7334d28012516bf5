import HostRuntime
import TinyNN

@testable import FewShot
@testable import FewShotHost

/// An objective in memory of its own, with one batch of its rows.
final class ObjectiveCase {
  let type: any Objective.Type
  let shape: ObjectiveShape
  let objective: any Objective
  var rows: [ObjectiveRow]
  /// Its own weights and then their gradients, which the objective's memory begins with.
  let memory: AlignedMemory
  let embeddings: AlignedMemory
  private let gradients: AlignedMemory
  /// By the average of the weights, or of the rows before they are pushed.
  private let averaged: AlignedMemory
  private let prototypes: AlignedMemory
  /// All photos' embeddings, from which targets are computed.
  private let photos: AlignedMemory

  var parameterCount: Int { type.parameterCount(shape) }

  /// Random embeddings of six photos and their views, the first four with a label, and unit prototypes.
  init(_ kind: ObjectiveKind, rows rowCount: Int, dimension: Int = 7, classes: Int = 3, seed: UInt64 = 1) {
    let type = kind.type
    let (photos, together) = (6, type.rows.viewsPerPhoto)
    var random = CounterRandom(seed: seed)
    self.type = type
    shape = ObjectiveShape(dimension: dimension, classCount: classes, photoCount: photos, rowCount: rowCount)
    memory = AlignedMemory(byteCount: 4 * type.memoryCount(shape))
    objective = type.init(shape, memory: memory.floats)!
    let views = type.views(augmented: 3).count
    rows = (0..<rowCount).map { row in
      let photo = (row / together) % (type.rows.photos == .labelled ? 4 : photos)
      return ObjectiveRow(photo: photo, view: views, label: photo < 4 ? photo % classes : -1)
    }
    for first in stride(from: 0, to: rowCount, by: together) {
      // Different views of one photo.
      let view = random.next(below: views)
      for row in first..<min(rowCount, first + together) { rows[row].view = Int32((view + row - first) % views) }
    }
    if type.rows.mixes {
      for row in 0..<rowCount {
        let mate = random.next(below: photos)
        rows[row].mate = Int32(mate)
        rows[row].mateLabel = mate < 4 ? Int32(mate % classes) : -1
        rows[row].share = random.next(from: 0.5, to: 1)
      }
    }
    func drawn(_ count: Int) -> AlignedMemory {
      let values = AlignedMemory(byteCount: 4 * count)
      for i in 0..<count { values.floats[i] = random.next(from: -1.5, to: 1.5) }
      return values
    }
    embeddings = drawn(rowCount * dimension)
    gradients = drawn(rowCount * dimension)
    averaged = drawn(rowCount * dimension)
    prototypes = drawn(classes * dimension)
    for index in 0..<classes {
      let row = prototypes.floats.slice(index * dimension, dimension), length = row.length
      for i in 0..<dimension { row[i] = row[i] / length }
    }
    objective.reset(random: &random)
    self.photos = drawn(photos * dimension)
    prepare()
  }

  private func prepare() {
    guard type.preparationInterval > 0 else { return }
    objective.prepare(matrix(photos, shape.photoCount), prototypes: matrix(prototypes, shape.classCount))
  }

  /// Takes given values in place of the random ones.
  func take(_ values: [(Values, [Float]?)]) {
    for (what, values) in values {
      let target =
        switch what {
        case .embeddings: embeddings
        case .prototypes: prototypes
        case .averaged: averaged
        case .photos: photos
        case .parameters: memory
        }
      for (index, value) in (values ?? []).enumerated() { target.floats[index] = value }
    }
    prepare()
  }

  enum Values { case embeddings, prototypes, averaged, photos, parameters }

  private func matrix(_ memory: AlignedMemory, _ count: Int) -> EmbeddingMatrix {
    EmbeddingMatrix(
      UnsafePointer(memory.buffer.baseAddress!.assumingMemoryBound(to: Float.self)), count: count, dimension: shape.dimension)
  }

  /// The loss, and its gradients by the embeddings and the objective's own weights.
  func evaluate(weight: Float = 1) -> (loss: Float, gradients: [Float], parameterGradients: [Float]) {
    let own = memory.floats.slice(parameterCount, parameterCount)
    own.clear()
    let loss = rows.withUnsafeMutableBytes { bytes in
      objective.loss(
        ObjectiveBatch(
          rows: Elements(bytes.baseAddress!, count: shape.rowCount), embeddings: embeddings.floats, gradients: gradients.floats,
          averaged: type.usesAverage ? averaged.floats : nil,
          unperturbed: type.perturbation == nil ? nil : averaged.floats, prototypes: matrix(prototypes, shape.classCount),
          weight: weight))
    }
    return (loss, gradients.floats.array, own.array)
  }

  /// The loss's derivative by one value of `values`, from losses around it: by a difference of both sides, and of each for places
  /// beside one where the loss has no derivative.
  func slopes(of values: Elements<Float>, at index: Int) -> [Float] {
    let value = values[index], middle = evaluate().loss
    func loss(_ offset: Float) -> Float {
      values[index] = value + offset
      defer { values[index] = value }
      return evaluate().loss
    }
    return [(loss(4e-3) - loss(-4e-3)) / 8e-3, (loss(1e-3) - middle) / 1e-3, (middle - loss(-1e-3)) / 1e-3]
  }
}

extension Elements where Element == Float {
  var array: [Float] { (0..<count).map { self[$0] } }
}
