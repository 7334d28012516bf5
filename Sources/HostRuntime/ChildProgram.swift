import Glibc

/// A program that runs as a child: its output and its errors can be read, its input is empty.
public final class ChildProgram {
  /// To read.
  public let output: Int32
  public let errors: Int32
  private let process: pid_t
  private var status: Int32?

  /// Starts the program of the first argument, found in PATH, with this process's environment and no signals blocked.
  /// - Throws: the system's error number, ENOENT where there is no such program.
  public init(_ arguments: [String]) throws(SystemError) {
    var (out, err): ([Int32], [Int32]) = ([-1, -1], [-1, -1])
    guard pipe(&out) == 0 else { throw SystemError(code: errno) }
    guard pipe(&err) == 0 else {
      let code = errno
      for end in out { close(end) }
      throw SystemError(code: code)
    }
    // No other child shall keep them open.
    for end in out + err { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    var actions = posix_spawn_file_actions_t(), attributes = posix_spawnattr_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
      close(out[1])
      close(err[1])
    }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO)
    posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO)
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    var words = arguments.map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var child = pid_t()
    let code = posix_spawnp(&child, words[0]!, &actions, &attributes, &words, environ)
    guard code == 0 else {
      close(out[0])
      close(err[0])
      throw SystemError(code: code)
    }
    process = child
    output = out[0]
    errors = err[0]
  }

  /// Asks the program to end, insists after two seconds, and returns its exit status; 128 and the signal's number where one ended
  /// it.
  @discardableResult
  public func end() -> Int32 {
    if let status { return status }
    // A program that has ended of its own accord keeps its status.
    var found: Int32 = 0
    if waitpid(process, &found, WNOHANG) == 0 {
      usleep(50_000)
      if waitpid(process, &found, WNOHANG) == 0 {
        kill(process, SIGTERM)
        var waits = 0
        while waitpid(process, &found, WNOHANG) == 0 {
          usleep(20_000)
          waits += 1
          if waits == 100 { kill(process, SIGKILL) }
        }
      }
    }
    let ended = found & 0x7F == 0 ? found >> 8 & 0xFF : 128 + (found & 0x7F)
    status = ended
    return ended
  }

  deinit {
    end()
    close(output)
    close(errors)
  }
}

/// What the system answered, by its error number.
public struct SystemError: Error, Equatable, Sendable {
  public let code: Int32
  public init(code: Int32) { self.code = code }
}
