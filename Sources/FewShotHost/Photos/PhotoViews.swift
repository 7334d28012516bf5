import FewShot
public import ImageFiles
import TinyNN

extension PhotoEncoder {
  /// Bytes that views take besides `plannedByteCount`.
  public var viewByteCount: Int { 8 * preprocessing.outputCount }

  /// The embeddings of some of `View.init(averaged:)`, as the network gives them.
  public func embed(_ image: RGBImage, views: [Int]) throws(PhotoEncoderError) -> [[Float]] {
    if views == [0] { return [try embed(image)] }
    let input = try networkInput(image)
    var view = [Float](repeating: 0, count: input.count)
    var result: [[Float]] = []
    for index in views {
      if index == 0 {
        result.append(try embedding(ofInput: input))
        continue
      }
      input.withUnsafeBufferPointer { input in
        view.withUnsafeMutableBufferPointer { view in
          // Both have the values of one photo; the first is only read.
          View(averaged: index).render(
            Elements(UnsafeMutableRawPointer(mutating: input.baseAddress!), count: input.count), preprocessing,
            to: Elements(UnsafeMutableRawPointer(view.baseAddress!), count: view.count))
        }
      }
      result.append(try embedding(ofInput: view))
    }
    return result
  }

  /// The mean of the embeddings of the first `views` of `View.init(averaged:)`, as the network gives them.
  public func embed(_ image: RGBImage, views: Int) throws(PhotoEncoderError) -> [Float] {
    PhotoEncoder.mean(try embed(image, views: Array(0..<views)))
  }

  public static func mean(_ embeddings: [[Float]]) -> [Float] {
    if embeddings.count == 1 { return embeddings[0] }
    return embeddings[0].indices.map { column in embeddings.reduce(0) { $0 + $1[column] } / Float(embeddings.count) }
  }
}
