/// What this build of the runtime can run.
///
/// Built with `-D TINYNN_INT8_INFERENCE`, for firmware with little flash: int8 networks of convolutions, dense layers, additions,
/// multiplications and pooling, with int8 inputs and float32 embeddings; no float32 kernels, no training, no threads. Models that
/// need more are refused when they are opened.
enum OperatorSelection {
  #if TINYNN_INT8_INFERENCE
    static var hasFloat: Bool { false }
  #else
    static var hasFloat: Bool { true }
  #endif
}
