//! Turns a photo into the network's input, as the model file says, and embeds it.
import HostRuntime
import ImageFiles
import TinyNN

// snippet.hide
let arguments = Array(CommandLine.arguments.dropFirst())
let path = arguments.first ?? "models/edge-s/edge-s.tnn"
let photoPath = arguments.dropFirst().first ?? "Examples/parts/query/gear/01.jpg"
let file = try MappedFile(path)
let model = try Model(validating: file.bytes)
let plan = try InferencePlan(for: model)
let memory = AlignedMemory(byteCount: plan.arenaByteCount)
var session = try Session(model, plan, arena: memory.buffer)
// snippet.show
func embed(_ image: RGBImage, _ preprocessing: Preprocessing, with session: inout Session) throws -> [Float] {
  let size = try PhotoSize(height: image.fullHeight, width: image.fullWidth, reduction: image.reduction)
  var scratch = [UInt32](repeating: 0, count: (try preprocessing.scratchByteCount(photo: size) + 3) / 4)
  var words = scratch.mutableSpan
  var bytes = words.mutableBytes
  try session.load(
    pixels: image.pixels.span, photo: size, rowStride: image.rowStride, preprocessing: preprocessing, scratch: &bytes)
  session.run()
  let embedding = session.output().floats
  return (0..<embedding.count).map { embedding[$0] }
}

guard let preprocessing = try model.preprocessing() else { fatalError("the file does not say how photos become its input") }
let decoding = ImageDecodingOptions(minimumShortSide: preprocessing.decodedShortSide)
let embedding = try embed(RGBImage(contentsOf: photoPath, options: decoding), preprocessing, with: &session)
// snippet.hide
print("\(embedding.count) values, the first one \(embedding[0])")
