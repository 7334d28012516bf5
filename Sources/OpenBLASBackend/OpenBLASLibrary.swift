import Glibc

/// The functions of OpenBLAS that the backend calls, from the shared library of the system.
///
/// Loaded only when the backend is asked for: its start costs milliseconds and megabytes, which a process that computes with the
/// built-in kernels should not pay.
@safe
struct OpenBLASLibrary: Sendable {
  /// cblas_sgemm of the C interface to BLAS (https://www.netlib.org/blas/blast-forum/cblas.tgz): order, transpose A, transpose
  /// B, m, n, k, alpha, A, lda, B, ldb, beta, C, ldc. Its enumerations are C ints.
  typealias SGEMM =
    @convention(c) (
      CInt, CInt, CInt, CInt, CInt, CInt, Float, UnsafePointer<Float>?, CInt, UnsafePointer<Float>?, CInt, Float,
      UnsafeMutablePointer<Float>?, CInt
    ) -> Void
  static let rowMajor: CInt = 101
  static let notTransposed: CInt = 111

  private static let fileNames = ["libopenblas.so.0", "libopenblas.so"]

  let sgemm: SGEMM

  /// Nil where the library is not installed.
  static let installed: OpenBLASLibrary? = load()

  private static func load() -> OpenBLASLibrary? {
    for name in fileNames {
      guard let library = unsafe dlopen(name, RTLD_NOW | RTLD_LOCAL) else { continue }
      guard let setThreads = unsafe dlsym(library, "openblas_set_num_threads"), let sgemm = unsafe dlsym(library, "cblas_sgemm")
      else {
        continue
      }
      // The names are those of OpenBLAS's own interface, whose signatures are stated above; the library is never closed.
      let setThreadCount = unsafe unsafeBitCast(setThreads, to: (@convention(c) (CInt) -> Void).self)
      setThreadCount(1)
      return unsafe OpenBLASLibrary(sgemm: unsafeBitCast(sgemm, to: SGEMM.self))
    }
    return nil
  }
}
