import TinyNN

extension PhotoSource {
  /// Calls `body` with what the network takes for each of the photos that tells something: those without content are left out, and
  /// of photos that look the same to the network the first is taken. It is the one rule for photos without labels, and for those of
  /// calibration, statistics and background. What was left out is reported once.
  @discardableResult
  public func forEachTelling(
    _ photos: [String], _ activity: WorkEvent.Activity, _ body: (SourcePhoto, [Float]) throws(PhotoError) -> Void
  ) throws(PhotoError) -> TellingPhotos {
    var found = TellingPhotos(offered: photos.count)
    var known = KnownContents()
    try forEach(
      in: [PhotoFolder(name: "", photos: photos)], copies: .all, activity,
      extract: { _, image throws(PhotoEncoderError) in try encoder.networkInput(image) }
    ) { photo, input throws(PhotoError) in
      let content = PhotoContent(input, encoder.preprocessing)
      guard content.isThere else { return found.empty.append(photo.path) }
      if let original = known.original(of: photo.path, content) {
        return found.copies.append(PhotoCopy(photo: photo.path, original: original))
      }
      try body(photo, input)
      found.taken += 1
    }
    report(found)
    return found
  }
}
