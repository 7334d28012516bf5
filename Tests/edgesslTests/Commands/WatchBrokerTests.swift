import Foundation
import TestSupport
import Testing

/// Against a real mosquitto on loopback, which `make test` installs.
@Suite(.serialized) struct WatchBrokerTests {
  let fixtures: PhotoFixtures
  let task: String
  let port = Int.random(in: 20_000..<60_000)

  init() throws {
    fixtures = try PhotoFixtures()
    task = try fixtures.makeTask()
    let found = try Command.shell("command -v mosquitto_sub && PATH=$PATH:/usr/sbin command -v mosquitto && command -v ffmpeg", [])
    try #require(found.status == 0, "these tests need: apt install ffmpeg mosquitto mosquitto-clients")
  }

  /// Brokers and listeners are ended by SIGKILL: threads that run tests block other signals, and what they start inherits that.
  ///
  /// Runs a script in which $1 is edgessl, $2 the task and $3 the folder; `red` and `blue` write frames for some seconds.
  private func shell(_ script: String) throws -> CommandResult {
    let frames =
      "frames() { ffmpeg -loglevel error -re -f lavfi -t $2 -i color=c=$1:size=64x48:rate=8,noise=alls=12:allf=t -c:v mjpeg -q:v 2 "
      + "-f mjpeg -; }; red() { frames 0xDC1E14 $1; }; blue() { frames 0x1428E6 $1; }; broker() { /usr/sbin/mosquitto -c "
      + "\"$1\" > /dev/null 2>&1 & }; cd \"$3\"; "
    return try Command.shell("PATH=$PATH:/usr/sbin; " + frames + script, [Command.path, task, fixtures.folder.path])
  }

  @Test func stateAvailabilityAndDiscoveryReachABrokerThatIsRestarted() throws {
    let folder = fixtures.folder
    try folder.write(
      Array("listener \(port) 127.0.0.1\nallow_anonymous false\npassword_file \(folder.file("users"))\n".utf8), to: "conf")
    try folder.write(Array("secret word\n".utf8), to: "password")
    let result = try shell(
      """
      mosquitto_passwd -b -c users cam 'secret word'; chmod 644 users
      broker conf; first=$!; sleep 0.5
      listen() { mosquitto_sub -h 127.0.0.1 -p \(port) -u cam -P 'secret word' -v -t '#' > "$1" & sub=$!; }
      listen heard1
      (red 3; sleep 3; blue 5) | "$1" watch - --model "$2" --stable 2 --mqtt mqtt://cam@127.0.0.1:\(port) --topic lab/bin \
        --mqtt-password-file password --home-assistant > out 2> err & watch=$!
      sleep 3; tr '\\0' ' ' < /proc/$watch/cmdline > cmdline
      kill -KILL $first; wait $first; kill -KILL $sub; sleep 1; broker conf; second=$!; sleep 0.5; listen heard2
      wait $watch; echo status $?; sleep 0.3; kill -KILL $sub $second; wait $second
      cat err >&2
      """)
    #expect(result.output.contains("status 0"), "\(result)")
    func heard(_ name: String) throws -> [String] {
      String(decoding: try contents(of: folder.file(name)), as: UTF8.self).split(separator: "\n").map(String.init)
    }
    let (first, second) = (try heard("heard1"), try heard("heard2"))
    for lines in [first, second] {
      #expect(lines.contains("lab/bin/availability online"), "\(lines)\n\(result)")
      let discovery = try #require(
        lines.first { $0.hasPrefix("homeassistant/sensor/edgessl_lab_bin/config ") }, "\(lines)\n\(result)")
      let json = try JSONSerialization.jsonObject(with: Data(discovery.drop { $0 != "{" }.utf8)) as? [String: Any]
      #expect(json?["state_topic"] as? String == "lab/bin" && json?["availability_topic"] as? String == "lab/bin/availability")
      #expect(json?["options"] as? [String] == ["blue", "green", "red", "unknown"], "\(discovery)")
    }
    #expect(first.contains { $0.hasPrefix("lab/bin {\"state\":\"red\"") && $0.contains("\"confidence\":") }, "\(first)\n\(result)")
    #expect(second.contains { $0.hasPrefix("lab/bin {\"state\":\"blue\"") }, "\(second)\n\(result)")
    #expect(second.last == "lab/bin/availability offline", "the clean end: \(second)")
    #expect(result.errors.contains("connected") && result.errors.contains("; again in 1 s"), "\(result)")
    let line = try heard("cmdline").joined()
    #expect(line.contains("lab/bin") && !line.contains("secret") && !result.errors.contains("secret"), "\(line)")
  }

  @Test func theLastWillSaysThatItIsGone() throws {
    try fixtures.folder.write(Array("listener \(port) 127.0.0.1\nallow_anonymous true\n".utf8), to: "conf")
    let result = try shell(
      """
      broker conf; first=$!; sleep 0.5
      mosquitto_sub -h 127.0.0.1 -p \(port) -v -t 'edgessl/#' > heard & sub=$!
      mkfifo pipe; (red 6 > pipe) & "$1" watch - --model "$2" --mqtt mqtt://127.0.0.1:\(port) < pipe > out 2> err & watch=$!
      sleep 3; kill -KILL $watch; sleep 1; kill -KILL $sub $first; cat heard
      """)
    let lines = result.output.split(separator: "\n")
    #expect(
      lines.contains { $0.hasPrefix("edgessl {\"state\":\"red\"") } && lines.last == "edgessl/availability offline", "\(result)")
  }

  @Test func aWrongPasswordIsSaidAndTriedAgain() throws {
    try fixtures.folder.write(Array("listener \(port) 127.0.0.1\nallow_anonymous false\n".utf8), to: "conf")
    let result = try shell(
      """
      broker conf; first=$!; sleep 0.5
      red 3 | EDGESSL_MQTT=mqtt://cam:wrong@127.0.0.1:\(port) "$1" watch - --model "$2" > out 2> err; echo status $?
      kill -KILL $first
      cat err >&2
      """)
    #expect(result.output.contains("status 0"), "\(result)")
    #expect(
      result.errors.contains("not authorised") && result.errors.contains("again in 1 s") && !result.errors.contains("wrong"),
      "\(result)")
  }

  @Test func certificatesAreChecked() throws {
    let folder = fixtures.folder
    try folder.write(
      Array(
        """
        listener \(port) 127.0.0.1
        allow_anonymous true
        certfile \(folder.file("cert.pem"))
        keyfile \(folder.file("key.pem"))

        """.utf8), to: "conf")
    let result = try shell(
      """
      openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost \
        -addext 'subjectAltName=IP:127.0.0.1' 2> /dev/null; chmod 644 key.pem
      broker conf; first=$!; sleep 0.5
      red 2 | "$1" watch - --model "$2" --mqtt mqtts://127.0.0.1:\(port) --mqtt-ca cert.pem 2> trusted > out
      red 2 | "$1" watch - --model "$2" --mqtt mqtts://127.0.0.1:\(port) 2> doubted > out
      kill -KILL $first; cat trusted; echo ---; cat doubted
      """)
    let parts = result.output.components(separatedBy: "---")
    #expect(parts.count == 2 && parts[0].contains("connected") && !parts[1].contains("connected"), "\(result)")
    #expect(parts.last?.contains("again in 1 s") == true, "\(result)")
  }

  @Test func badAddressesAreRefused() throws {
    func refused(_ arguments: [String], _ environment: [String: String] = [:], _ message: String) throws {
      let result = try Command.run(["watch", "-", "--model", task] + arguments, environment: environment)
      #expect(result.status == 64 && result.errors.contains(message), "\(arguments)\n\(result)")
    }
    try refused(["--mqtt", "http://x"], [:], "is no address of a broker")
    try refused(["--mqtt", "mqtt://me:secret@x"], [:], "everybody on this machine can read")
    try refused(["--mqtt", "mqtt://x"], ["EDGESSL_MQTT_PASSWORD": "p"], "but no user")
    try refused(["--mqtt", "mqtt://x", "--topic", "a/#"], [:], "no topic to publish to")
    try refused(["--home-assistant"], [:], "needs a broker")
  }
}
