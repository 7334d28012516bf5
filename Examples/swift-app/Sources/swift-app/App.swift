import FewShot
import FewShotHost
import HostRuntime
import ImageFiles
import Quantize
import TinyNN

/// What an application does with edgessl's libraries: open an encoder, learn two classes from a few photos, name a third photo.
///
///     swift run swift-app ENCODER.tnn FOLDER_OF_CLASS_A FOLDER_OF_CLASS_B PHOTO
@main
struct App {
  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 5 else {
      print("usage: swift-app ENCODER.tnn FOLDER_A FOLDER_B PHOTO")
      return
    }
    // Every check of the file happens here; the plan, and with it all memory, is known before anything runs.
    let file = try MappedFile(arguments[1])
    let photos = try PhotoEncoder(Encoder(file: file))
    print("arena \(photos.encoder.plan.arenaByteCount) bytes, embedding of \(photos.dimension) values")

    var knowledge = Knowledge(dimension: photos.dimension)
    var identifier: UInt64 = 0
    for folder in arguments[2...3] {
      var examples: [LearnedExample] = []
      for photo in try PhotoFolder.photos(in: folder) {
        identifier += 1
        examples.append(LearnedExample(identifier: identifier, embedding: try embed(photo, photos)))
      }
      try knowledge.add(examples, to: folder)
    }

    // The task file is self-contained: it could be written, sent to a device, and opened there.
    let (bytes, head) = try TaskFile(knowledge).encoded(encoder: photos.encoder.model)
    print("task file of \(bytes.count) bytes, threshold of unknown \(head.calibration.threshold)")
    let task = AlignedMemory(copying: bytes)
    let model = try Model(validating: task.bytes)
    let classes = try ClassesView(model)
    let classifier = try HeadView(model, classes: classes).classifier

    let query = LearnedExample(identifier: 0, embedding: try embed(arguments[4], photos))
    let prediction = query.embedding.withUnsafeBufferPointer { buffer in
      var confidences = [Float](repeating: 0, count: classes.count)
      var span = confidences.mutableSpan
      // The embedding outlives the call.
      return classifier.classify(unsafe Embedding(buffer.baseAddress!, count: buffer.count), confidences: &span)
    }
    let name = classes[prediction.label].string
    print(prediction.isUnknown ? "unknown (nearest: \(name))" : "\(name), confidence \(prediction.confidence)")

    let map = Quantization(minimum: 0, maximum: 6)
    print("int8 of 3 in [0, 6]: \(map.quantize(3))")
  }

  static func embed(_ path: String, _ encoder: PhotoEncoder) throws -> [Float] {
    try encoder.embed(RGBImage(contentsOf: path, options: encoder.decodingOptions))
  }
}
