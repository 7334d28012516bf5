package import TinyNN

// Layouts of the sections that few-shot learning adds to a .tnn file. All values are little endian, all reserved bytes 0.
//
// classes    0 u32 version 1 | 4 u32 class count C | 8 u32 name bytes | 12 u32 0
//           16 C x { u32 offset into the names, u32 byte count } | names, UTF-8, one after the other
//              Classes stand in ascending order of their names' bytes, so that the same classes are always the same bytes.
//
// examples   0 u32 version 1 | 4 u32 dimension d | 8 u32 example count n | 12 u32 0
//           16 n x { u32 class, f32 length of the embedding before it was scaled to 1, u64 identifier }
//              at the next multiple of 64: n x d f32, each of length 1
//              Examples stand in ascending order of (class, identifier).
//
// head       0 u32 version 1 | 4 u32 method | 8 u32 class count C | 12 u32 dimension d
//           16 f32 scale | 20 f32 threshold | 24 u32 scale's source | 28 u32 threshold's source
//           32 u32 left-out examples | 36 u32 of them right | 40 .. 63 0
//           64 C x d f32 prototypes
//            version 2, heads other than prototypes: 40 u32 kind of features | 44 f32 penalty
//              48 u32 1 where the method was chosen | 52 u32 k of nearest neighbours
//              behind the prototypes, each at the next multiple of 64, the head's own parts, which its file in Heads/ states.
//              Nearest neighbours have none, but the examples section; linear heads have C x F f32 weights, F values of a row of
//              features, C f32 biases, C x F f32 prototypes of the features, each of length 1
//
// statistics 0 u32 version 1 to 3 | 4 u32 dimension d | 8 u32 background count n | 12 u32 element type (1 float32, 2 float16, 3
// int8)
//           16 u32 photos that the mean is over | 20 .. 63 0
//           64 d f32 mean of the embeddings as the encoder gives them
//              at the next multiple of 64: n f32 lengths of the background embeddings before they were scaled to 1
//              at the next multiple of 64: n x d background embeddings of length 1; in int8 the largest magnitude of each is 127
//            version 2, the base covariance: 20 u32 axis count r | 24 f32 variance at right angles to the axes
//              at the next multiple of 64: r f32 variances along the axes
//              at the next multiple of 64: r x d f32 axes of length 1
//            version 3, scales of the softmax for few photos: 28 u32 rows S | 32 u32 columns H
//              at the next multiple of 64: S x H f32, for 1 ... S photos of a class and head methods 1 ... H; 0 where not known
//
// history    0 u32 version 1 | 4 u32 snapshot count s, at most 8 | 8 u64 0
//           16 s x { u32 bytes of the classes section, u32 bytes of the examples section }, the newest last
//              each at the next multiple of 64: classes, examples

//
// unlabelled 0 u32 version 1 | 4 u32 dimension d | 8 u32 photos n | 12 u32 class count C | 16 u32 labelled photos l
//           20 u32 1 where it answers beside the head | 24 u32 1 where scores have the nearness added | 28 .. 63 0
//           64 n x u64 identifier, ascending
//              at the next multiple of 64: n x d i8 embeddings, the largest magnitude of each 127
//              at the next multiple of 64: d f32 mean of the embeddings of all photos
//              at the next multiple of 64: C x d f32 weights on centred embeddings; at the next: C f32 biases
//              at the next multiple of 64: (l + n) x C f32 soft labels, the labelled photos first
//              at the next multiple of 64: n x u8, 1 where labels reached the photo
//
// adaptation 0 u32 version 1 | 4 u32 patch count p | 8 u32 x 4 bytes of the statistics, classes, examples, history sections before
//           24 f32 scale | 28 f32 threshold | 32 u32 held-out photos | 36 u32 of them right
//           40 u32 method before, 0 where it was chosen | 44 u32 0
//           48 p x { u32 offset into the weights section, u32 byte count }
//              each at the next multiple of 64: statistics, classes, examples, history
//              at the next multiple of 64: the weights' bytes before the adaptation, patch by patch

/// Limits that keep every size computed from a task section far from overflow.
public enum TaskLimits {
  public static let classCount = 4096
  public static let nameByteCount = 255
  public static let dimension = 65_536
  public static let exampleCount = 1 << 20
  public static let backgroundCount = 65_536
  public static let snapshotCount = 8
  public static let axisCount = 64
  /// Photos without labels that a task keeps.
  public static let unlabelledCount = 500
  /// Rows, and columns, of a table of scales.
  public static let tableExtent = 64
}

package enum SectionLayout {
  package static let version: UInt32 = 1
  package static let headerByteCount = 16
  package static let wideHeaderByteCount = 64
  package static let nameRecordByteCount = 8
  package static let exampleRecordByteCount = 16
  package static let snapshotRecordByteCount = 8
}

/// Checks of one section: every refusal carries the byte offset in the file.
package struct SectionCheck {
  package let bytes: ByteRegion
  /// Of the section in the file.
  package let offset: Int
  package let reason: ModelError.Reason

  package init(bytes: ByteRegion, offset: Int, reason: ModelError.Reason) {
    self.bytes = bytes
    self.offset = offset
    self.reason = reason
  }

  package func refusal(at position: Int, found: Int = 0, needed: Int = 0) -> ModelError {
    ModelError(reason, at: offset + position, found: found, needed: needed)
  }

  package func requireHeader(_ byteCount: Int, versions: ClosedRange<UInt32> = 1...1) throws(ModelError) {
    guard bytes.count >= byteCount else { throw refusal(at: 0, found: bytes.count, needed: byteCount) }
    guard bytes.word(0) >= versions.lowerBound, bytes.word(0) <= versions.upperBound else {
      throw refusal(at: 0, found: bytes.index(0), needed: Int(truncatingIfNeeded: versions.upperBound))
    }
  }

  package func requireByteCount(_ needed: Int) throws(ModelError) {
    guard bytes.count == needed else { throw refusal(at: 0, found: bytes.count, needed: needed) }
  }

  package func requireZeros(_ range: Range<Int>) throws(ModelError) {
    for position in range where bytes.load(UInt8.self, at: position) != 0 { throw refusal(at: position) }
  }

  /// The 32-bit number at `position`, inside `range`.
  package func number(_ position: Int, in range: ClosedRange<Int>) throws(ModelError) -> Int {
    let value = bytes.word(position)
    guard value <= UInt32(truncatingIfNeeded: range.upperBound), Int(truncatingIfNeeded: value) >= range.lowerBound else {
      throw refusal(at: position, found: Int(truncatingIfNeeded: value & 0x7FFF_FFFF), needed: range.upperBound)
    }
    return Int(truncatingIfNeeded: value)
  }

  /// Bytes of `rows` rows of `dimension` elements.
  package func rowBytes(_ rows: Int, _ dimension: Int, _ elementByteCount: Int) throws(ModelError) -> Int {
    let (row, _) = dimension.multipliedReportingOverflow(by: elementByteCount)
    let (all, overflow) = rows.multipliedReportingOverflow(by: row)
    // A quarter of the address space leaves room for headers and alignment.
    guard !overflow, all < Int.max / 4 else { throw refusal(at: 0, found: rows, needed: dimension) }
    return all
  }

  /// Every row is finite and of length 1 (or 0).
  package func requireNormalized(_ rows: EmbeddingMatrix, at position: Int) throws(ModelError) {
    for row in 0..<rows.count where !rows[row].isNormalized {
      throw refusal(at: position + 4 * row * rows.dimension, found: row)
    }
  }
}
