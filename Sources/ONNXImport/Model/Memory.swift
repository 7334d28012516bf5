import HostRuntime

/// Refuses what a file asks for where there is no memory for it: `count` elements of `stride` bytes, with those of all copies
/// that are alive at the same time.
func requireMemory(_ count: Int, stride: Int, for subject: @autoclosure () -> String) throws(ONNXImportError) {
  guard AvailableMemory.has(count, stride: stride) else {
    throw ONNXImportError(.unsupported, "no memory for \(subject()); import a smaller model, or on a machine with more memory")
  }
}
