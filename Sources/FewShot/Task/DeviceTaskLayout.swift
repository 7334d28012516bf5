import TinyNN

/// Where the parts of a task lie in the caller's memory, each at a multiple of 64.
package struct DeviceTaskLayout: Sendable {
  package static let nameByteCount = TaskLimits.nameByteCount + 1

  package let classCapacity: Int
  package let exampleCapacity: Int
  package let dimension: Int
  /// [classCapacity][256], each ends with a zero byte.
  package let names: Int
  /// [exampleCapacity] records of an examples section.
  package let records: Int
  /// [exampleCapacity][dimension]
  package let rows: Int
  /// [classCapacity][dimension]
  package let prototypes: Int
  /// [classCapacity]
  package let confidences: Int
  /// Working memory of learning and of classifying.
  package let scratch: Int
  package let scratchCount: Int
  package let byteCount: Int

  /// Nil where the sizes do not fit into the address space.
  package init?(classes: Int, examples: Int, dimension: Int, background: Int) {
    var end = 0, overflow = false
    func product(_ a: Int, _ b: Int) -> Int {
      let (value, tooLarge) = a.multipliedReportingOverflow(by: b)
      overflow = overflow || tooLarge || value > Int.max / 16
      return tooLarge ? 0 : value
    }
    func place(_ byteCount: Int) -> Int {
      let start = end
      let (next, tooLarge) = end.addingReportingOverflow(byteCount)
      overflow = overflow || tooLarge || next > Int.max / 4
      end = overflow ? 0 : Format.aligned(next)
      return start
    }
    let cosines = product(examples, classes)
    names = place(product(classes, DeviceTaskLayout.nameByteCount))
    records = place(product(examples, SectionLayout.exampleRecordByteCount))
    rows = place(4 * (overflow ? 0 : product(examples, dimension)))
    prototypes = place(4 * (overflow ? 0 : product(classes, dimension)))
    confidences = place(4 * classes)
    scratchCount =
      overflow || cosines > Int.max / 32
      ? 0
      : max(
        dimension + HeadView.scratchLimit(classes: classes, dimension: dimension),
        Calibrator.scratchCount(examples: examples, classes: classes, dimension: dimension, background: background))
    scratch = place(4 * scratchCount)
    classCapacity = classes
    exampleCapacity = examples
    self.dimension = dimension
    byteCount = end
    if overflow { return nil }
  }
}

/// Why a task in the caller's memory refused a call.
public enum DeviceTaskError: UInt8, Error, Sendable {
  case memoryTooSmall, memoryMisaligned, tooLarge
  case notLearned, tooFewClasses, tooManyClasses, tooManyExamples
  case noSuchClass, classExists, badName, exampleExists, notFinite
  case tooManyUnlabelled, headNeedsStatistics, headNeedsPositive, headTooManyExamples, nothingToUndo, otherEncoder
  /// The task has photos without labels, or is to have some, but no memory for them.
  case unlabelledWithoutMemory
  /// The file's task is malformed; `Model`'s views say where.
  case malformed
}
