import HostRuntime
import TinyNN

/// Bytes of the files and of the memory that running them takes.
struct QuantizationSizes {
  let floatFile: Int, int8File: Int
  let floatArena: Int, int8Arena: Int

  init(float plan: InferencePlan, floatFile: Int, int8 bytes: [UInt8]) throws(ModelError) {
    self.floatFile = floatFile
    int8File = bytes.count
    floatArena = plan.arenaByteCount
    let memory = AlignedMemory(copying: bytes)
    int8Arena = try InferencePlan(for: Model(validating: memory.bytes), threads: plan.threads).arenaByteCount
  }
}
