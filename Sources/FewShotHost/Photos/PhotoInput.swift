public import TinyNN

extension Shape {
  /// Why a network with this input, NHWC, cannot take photos, and what to do; nil for RGB images one at a time.
  public var reasonAgainstPhotos: String? {
    guard rank == 4 else { return "its input has \(rank) dimensions and is not an RGB image" }
    guard self[0] == 1 else { return "it takes \(self[0]) photos at a time; export it with a batch of 1" }
    if self[3] == 3 { return nil }
    let channels = self[3] == 1 ? "one channel (gray)" : "\(self[3]) channels"
    return "it takes \(channels), and only encoders of RGB images (3 channels) learn from photos; export one that does"
  }
}

extension Model {
  /// `Shape.reasonAgainstPhotos` of the first input.
  public var reasonAgainstPhotos: String? { tensor(input(0)).type.shape.reasonAgainstPhotos }
}
