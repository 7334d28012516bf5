import TestSupport
import Testing

@Suite struct EdgesslTests {
  static let withoutProc = "exec unshare --map-root-user --mount sh -c 'mount -t tmpfs none /proc && exec \"$@\"' sh \"$@\""
  static let canHideProc = (try? Command.shell(withoutProc, ["true"]))?.status == 0

  /// Swift's library reads the arguments from /proc/self/cmdline: without them every call would be one for help.
  @Test(.enabled(if: Command.isOwn, "this machine's command"), .enabled(if: canHideProc, "unshare can hide /proc"))
  func argumentsThatCannotBeReadAreAFailure() throws {
    let result = try Command.shell(Self.withoutProc, [Command.path, "classify", "photo.jpg"])
    #expect(result.status == 66 && result.output.isEmpty, "\(result)")
    #expect(result.errors == "edgessl: /proc: is not mounted, and arguments are read there; mount it: mount -t proc proc /proc\n")
  }
}
