import Foundation
import TestSupport
import Testing

/// Streams are made by a real ffmpeg, which `make test` installs.
@Suite(.serialized) struct WatchTests {
  let fixtures: PhotoFixtures
  let task: String

  init() throws {
    fixtures = try PhotoFixtures()
    task = try fixtures.makeTask()
    let found = try Command.shell("command -v ffmpeg", [])
    try #require(found.status == 0, "these tests need ffmpeg: apt install ffmpeg")
  }

  /// ffmpeg's source of frames of one colour that the fixtures know, with noise.
  private func colour(_ name: String, seconds: Double = 2, rate: Int = 10, size: String = "64x48") -> String {
    let colours = ["red": "0xDC1E14", "green": "0x1EC828", "blue": "0x1428E6"]
    return "-f lavfi -t \(seconds) -i color=c=\(colours[name]!):size=\(size):rate=\(rate),noise=alls=12:allf=t"
  }

  private let jpegs = "-c:v mjpeg -q:v 2 -f mjpeg -"

  private func lines(_ result: CommandResult) throws -> [[String: Any]] {
    try result.output.split(separator: "\n").map { line in
      try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(result)")
    }
  }

  /// Runs a shell script in which $1 is edgessl, $2 the task and $3 the folder.
  private func shell(_ script: String) throws -> CommandResult {
    try Command.shell(script, [Command.path, task, fixtures.folder.path])
  }

  @Test(arguments: ["-f mjpeg -", "-f mpjpeg -"])
  func aStreamOnStandardInputIsAnswered(format: String) throws {
    let result = try shell(
      "ffmpeg -loglevel error -re \(colour("red")) -c:v mjpeg -q:v 2 \(format) | \"$1\" watch - --model \"$2\" --json --stable 2")
    #expect(result.status == 0, "\(result)")
    let answers = try lines(result)
    #expect(answers.count >= 5 && answers.allSatisfy { $0["label"] as? String == "red" }, "\(result)")
    #expect(answers.last?["stable"] as? String == "red" && answers.first?["stable"] is NSNull)
    for name in ["time", "confidence", "unknown", "ageMilliseconds", "milliseconds", "dropped"] {
      #expect(answers[0][name] != nil, "\(name): \(answers[0])")
    }
    #expect(answers.allSatisfy { ($0["ageMilliseconds"] as! Double) < 2000 }, "\(result)")
  }

  @Test func lateFramesAreDroppedAndNeverQueued() throws {
    // 200 frames at once: the newest are answered.
    let result = try shell(
      "ffmpeg -loglevel error \(colour("red", seconds: 10, rate: 20)) \(jpegs) > \"$3/all\"; "
        + "\"$1\" watch - --model \"$2\" --json --interval 0.2 < \"$3/all\"")
    #expect(result.status == 0, "\(result)")
    let answers = try lines(result)
    #expect(answers.count < 20, "\(answers.count) answers")
    #expect(answers.reduce(0) { $0 + ($1["dropped"] as! Int) } + answers.count == 200, "\(result)")
  }

  @Test func aVideoFileIsReadByFFmpegAndLabelsChange() throws {
    let result = try shell(
      "ffmpeg -loglevel error \(colour("red", seconds: 1.5)) \"$3/a.mp4\" && ffmpeg -loglevel error "
        + "\(colour("blue", seconds: 1.5)) \"$3/b.mp4\" && printf \"file a.mp4\\nfile b.mp4\\n\" > \"$3/list\" && "
        + "ffmpeg -loglevel error -f concat -i \"$3/list\" -c copy \"$3/both.mp4\" && "
        + "\"$1\" watch \"$3/both.mp4\" --model \"$2\" --stable 2")
    #expect(result.status == 0, "\(result)")
    let changes = result.output.split(separator: "\n").map { $0.split(separator: " ")[1] }
    #expect(changes.first == "red" && changes.last == "blue", "\(result)")
  }

  @Test func aFolderIsWatchedUntilTheSignal() throws {
    let (red, blue) = (PhotoFixtures.photo("red", 50), PhotoFixtures.photo("blue", 50))
    try fixtures.folder.write(red, to: "red.ppm")
    try fixtures.folder.write(blue, to: "blue.ppm")
    try fixtures.folder.makeFolder("inbox")
    let result = try shell(
      "\"$1\" watch \"$3/inbox\" --model \"$2\" --json > \"$3/out\" & pid=$!; sleep 1; "
        + "cp \"$3/red.ppm\" \"$3/inbox/1.ppm\"; sleep 1; "
        + "echo no photo > \"$3/inbox/2.jpg\"; sleep 0.5; mv \"$3/blue.ppm\" \"$3/inbox/3.ppm\"; sleep 1; "
        + "kill -TERM $pid; wait $pid; "
        + "echo status $?; cat \"$3/out\"")
    let parts = result.output.split(separator: "\n")
    #expect(parts.first == "status 0", "\(result)")
    #expect(parts.dropFirst().map { $0.contains("\"label\":\"red\"") } == [true, false], "\(result)")
    #expect(result.errors.contains("frame: not an image"), "\(result)")
  }

  @Test func uncertainFramesAreKeptWithinTheirLimit() throws {
    // Colours that run through the whole circle: unknown things, unsure answers and changes.
    let result = try shell(
      "ffmpeg -loglevel error -f lavfi -t 6 -i color=c=red:size=64x48:rate=10,hue=H=2*PI*t/6 \(jpegs) > \"$3/all\"; "
        + "for i in 1 2 3; do "
        + "\"$1\" watch - --model \"$2\" --save-uncertain \"$3/kept\" --limit 4 --interval 0.02 < \"$3/all\" >/dev/null; done; "
        + "ls \"$3/kept\"")
    let kept = result.output.split(separator: "\n")
    #expect(1...4 ~= kept.count, "\(result)")
    #expect(kept.allSatisfy { $0.hasSuffix(".jpg") }, "\(result)")
    // What is kept can be learned.
    let classify = try Command.run(["classify", "\(fixtures.folder.path)/kept/\(kept[0])", "--model", task])
    #expect(classify.status == 0, "\(classify)")
  }

  @Test func aCropIsWhatIsSeenAndKept() throws {
    // Left red, right blue.
    let source =
      "-f lavfi -t 1 -i color=c=0xDC1E14:size=64x48:rate=10 -f lavfi -t 1 -i color=c=0x1428E6:size=64x48:rate=10 "
      + "-filter_complex hstack"
    for (crop, label) in [("0,0,64,48", "red"), ("50%,0%,50%,100%", "blue")] {
      let result = try shell(
        "ffmpeg -loglevel error -re \(source) \(jpegs) | \"$1\" watch - --model \"$2\" --json --crop \(crop)")
      #expect(try lines(result).allSatisfy { $0["label"] as? String == label }, "\(crop): \(result)")
    }
    let outside = try shell("ffmpeg -loglevel error \(source) \(jpegs) | \"$1\" watch - --model \"$2\" --crop 100,0,64,48")
    #expect(outside.status == 64 && outside.errors.contains("is not inside the frames, which have 128x48 pixels"), "\(outside)")
  }

  @Test func onlyMotionIsAnswered() throws {
    let still = try shell(
      "ffmpeg -loglevel error -re \(colour("red", seconds: 1.5, size: "320x240")) \(jpegs) | "
        + "\"$1\" watch - --model \"$2\" --json --motion"
    )
    #expect(try lines(still).count == 1, "\(still)")
    let moving = try shell(
      "ffmpeg -loglevel error -re -f lavfi -t 1.5 -i testsrc2=size=64x48:rate=10 \(jpegs) | "
        + "\"$1\" watch - --model \"$2\" --json --motion"
    )
    #expect(try lines(moving).count > 4, "\(moving)")
  }

  @Test func aStreamThatEndsIsStartedAgain() throws {
    // The server serves one visitor and ends; there is none at first.
    let port = Int.random(in: 20_000..<60_000)
    let server =
      "timeout 15 ffmpeg -loglevel quiet -re \(colour("red", seconds: 2)) -c:v mjpeg -f mpjpeg -listen 1 http://127.0.0.1:\(port)"
    let result = try shell(
      "\"$1\" watch http://me:secret@127.0.0.1:\(port) --model \"$2\" --json > \"$3/out\" 2> \"$3/err\" & pid=$!; "
        + "sleep 0.5; "
        + "\(server); sleep 0.2; \(server); kill -TERM $pid; wait $pid; echo status $?; cat \"$3/out\"; cat \"$3/err\" >&2")
    #expect(result.output.hasPrefix("status 0"), "\(result)")
    #expect(result.output.split(separator: "\n").count > 4, "\(result)")
    let restarts = result.errorLines.filter { $0.contains("; again in ") }
    #expect(restarts.count >= 2 && restarts[0].contains("refused") && restarts[0].hasSuffix("again in 1 s"), "\(result)")
    #expect(!result.errors.contains("secret") && !result.errors.contains("me:"), "\(result)")
  }

  @Test func memoryStaysTheSame() throws {
    // Resident kilobytes after half a second and after some thousands of frames.
    let result = try shell(
      "ffmpeg -loglevel error \(colour("red", seconds: 40, rate: 100)) \(jpegs) > \"$3/all\"; mkfifo \"$3/pipe\"; "
        + "\"$1\" watch - --model \"$2\" --json < \"$3/pipe\" > \"$3/out\" & pid=$!; exec 3> \"$3/pipe\"; cat \"$3/all\" >&3; "
        + "grep VmRSS /proc/$pid/status; for i in 1 2 3 4 5 6; do cat \"$3/all\" >&3; done; grep VmRSS /proc/$pid/status; "
        + "exec 3>&-; wait $pid"
    )
    let sizes = result.output.split(separator: "\n").compactMap { $0.split(separator: " ").dropFirst().first.flatMap { Int($0) } }
    try #require(sizes.count == 2, "\(result)")
    #expect(sizes[1] - sizes[0] < 1500, "kilobytes: \(sizes)")
  }

  @Test func badInputIsRefused() throws {
    let folder = fixtures.folder
    func refused(_ arguments: [String], _ status: Int32, _ message: String) throws {
      let result = try Command.run(["watch"] + arguments)
      #expect(result.status == status && result.errors.contains(message) && result.output.isEmpty, "\(arguments)\n\(result)")
    }
    try refused([folder.file("none"), "--model", task], 66, "no such folder, device or file")
    try refused(["-", "--model", task], 65, "ended without a JPEG in it")
    try refused(["-", "--model", fixtures.encoder], 65, "knows no classes yet")
    try refused(["-", "--model", task, "--crop", "1,2,3"], 64, "--crop: '1,2,3'")
    try refused(["-", "--model", task, "--stable", "0"], 64, "--stable is 0")
    try refused(["-", "--model", task, "--interval", "-1"], 64, "--interval")
    try refused([try folder.write([1, 2, 3], to: "no-video.mp4"), "--model", task], 65, "ffmpeg: ")
    try refused([folder.file("no-video.mp4"), "--model", task], 65, "no-video.mp4")
  }
}
