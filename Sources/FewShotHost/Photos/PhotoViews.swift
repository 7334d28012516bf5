public import FewShot
public import ImageFiles
import TinyNN

extension View {
  /// The views whose mean embedding can stand for a photo to learn from, the photo as it is first: mirror images and crops. Colours
  /// brought nothing.
  public static let averaged: [View] = {
    func crop(_ side: Float, _ top: Float, _ left: Float, mirrored: Bool) -> View {
      var view = View()
      view.side = side
      view.top = top
      view.left = left
      view.mirrored = mirrored
      return view
    }
    return [
      View(), crop(1, 0, 0, mirrored: true), crop(0.85, 0.5, 0.5, mirrored: false), crop(0.85, 0.5, 0.5, mirrored: true),
      crop(0.8, 0, 0, mirrored: false), crop(0.8, 0, 1, mirrored: true), crop(0.8, 1, 0, mirrored: true),
      crop(0.8, 1, 1, mirrored: false),
    ]
  }()

  /// How many of them learning takes of a class with so many photos. Four are worth more for a single photo; where photos can be
  /// left out, the mean of four is so much surer than one view that the threshold of unknown gets too strict.
  public static func averagedCount(photos: Int) -> Int { photos == 1 ? 4 : 2 }
}

extension PhotoEncoder {
  /// Bytes that views take besides `plannedByteCount`.
  public var viewByteCount: Int { 8 * preprocessing.outputCount }

  /// The embeddings of some of `View.averaged`, as the network gives them.
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
          View.averaged[index].render(
            Elements(UnsafeMutableRawPointer(mutating: input.baseAddress!), count: input.count), preprocessing,
            to: Elements(UnsafeMutableRawPointer(view.baseAddress!), count: view.count))
        }
      }
      result.append(try embedding(ofInput: view))
    }
    return result
  }

  /// The mean of the embeddings of the first `views` of `View.averaged`, as the network gives them.
  public func embed(_ image: RGBImage, views: Int) throws(PhotoEncoderError) -> [Float] {
    PhotoEncoder.mean(try embed(image, views: Array(0..<views)))
  }

  public static func mean(_ embeddings: [[Float]]) -> [Float] {
    if embeddings.count == 1 { return embeddings[0] }
    return embeddings[0].indices.map { column in embeddings.reduce(0) { $0 + $1[column] } / Float(embeddings.count) }
  }
}
