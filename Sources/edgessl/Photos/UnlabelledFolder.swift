import FewShotHost

/// Photos of a folder without labels, checked.
struct UnlabelledFolder {
  let path: String
  let photos: [String]

  init(_ path: String) throws(Failure) {
    self.path = path
    do { photos = try PhotoFolder.allPhotos(below: path) } catch { throw ClassFolders.failure(error) }
    guard !photos.isEmpty else {
      throw Failure(.missingInput, "\(path): there are no photos in it; --unlabelled takes photos that the device's camera took")
    }
  }
}
