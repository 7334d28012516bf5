import ArgumentParser
import FewShotHost
import Glibc
import HostRuntime
import MosquittoClient

/// Where `watch` reports its state.
struct BrokerOptions: ParsableArguments {
  static let addressVariable = "EDGESSL_MQTT"
  static let passwordVariable = "EDGESSL_MQTT_PASSWORD"

  @Option(
    help: ArgumentHelp(
      """
      Report the stable label to an MQTT broker; mqtts:// with TLS. The password comes from --mqtt-password-file or \
      $EDGESSL_MQTT_PASSWORD. (default: $EDGESSL_MQTT, which may have the password in it)
      """, valueName: "mqtt://[user@]host[:port]"))
  var mqtt: String?

  @Option(help: ArgumentHelp("The topic of the state; its availability is TOPIC/availability.", valueName: "TOPIC"))
  var topic = "edgessl"

  @Option(help: ArgumentHelp("A file whose first line is the broker's password.", valueName: "FILE"))
  var mqttPasswordFile: String?

  @Option(help: ArgumentHelp("Certificates that are trusted with mqtts://. (default: those of the system)", valueName: "FILE"))
  var mqttCa: String?

  @Flag(help: "Announce the state to Home Assistant (MQTT discovery).")
  var homeAssistant = false

  func validate() throws {
    let isUsable =
      !topic.isEmpty && topic.utf8.count <= 1000 && topic.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0 != "+" && $0 != "#" }
    guard isUsable, topic.first != "/", topic.last != "/" else {
      throw ValidationError(
        "--topic: '\(topic)' is no topic to publish to; it has no +, # or control characters, and no / at its ends")
    }
  }

  /// Nil where no broker is named.
  func publisher(classes: [String]) throws(Failure) -> BrokerState? {
    guard let address = try address() else {
      guard !homeAssistant else { throw Failure(.usage, "--home-assistant: needs a broker: give --mqtt, or set EDGESSL_MQTT") }
      return nil
    }
    let availability = topic + "/availability"
    let announced = homeAssistant ? [discovery(classes: classes, availability)] : []
    do {
      let publisher = try StatePublisher(
        address, client: "edgessl-\(identifier)-\(getpid())", availability: availability, announced: announced, authorities: mqttCa
      ) { event in
        switch event {
        case .connected: note("\(address): connected")
        case .lost(let reason, let seconds): warn("\(address): \(reason); again in \(seconds) s")
        }
      }
      return BrokerState(publisher, topic: topic)
    } catch {
      switch error {
      case .notInstalled: throw Failure(.missingInput, "--mqtt: libmosquitto is not installed: apt install libmosquitto1")
      case .refused(let reason): throw Failure(.usage, "\(address): \(reason)")
      }
    }
  }

  private func address() throws(Failure) -> BrokerAddress? {
    guard let text = mqtt ?? environment(Self.addressVariable) else { return nil }
    let name = mqtt == nil ? Self.addressVariable : "--mqtt"
    guard var address = BrokerAddress(text) else {
      throw Failure(.usage, "\(name): is no address of a broker; write mqtt://[user@]host[:port], or mqtts://")
    }
    guard mqtt == nil || address.password == nil else {
      throw Failure(
        .usage,
        """
        --mqtt: everybody on this machine can read a password in a command line; give --mqtt-password-file FILE, or set \
        \(Self.passwordVariable)
        """)
    }
    if let file = mqttPasswordFile {
      address.password = try password(in: file)
    } else if let password = environment(Self.passwordVariable) {
      address.password = password
    }
    guard address.password == nil || address.user != nil else {
      throw Failure(.usage, "\(name): has a password, but no user; write mqtt://user@host")
    }
    if let mqttCa, !isFile(mqttCa) { throw Failure(.missingInput, "\(mqttCa): no such file; check the path") }
    return address
  }

  private func password(in path: String) throws(Failure) -> String {
    do {
      let file = try MappedFile(path)
      return withExtendedLifetime(file) {
        let bytes = (0..<min(file.bytes.count, 4096)).map { file.bytes.load(UInt8.self, at: $0) }
        return String(decoding: bytes.prefix { $0 != 10 && $0 != 13 && $0 != 0 }, as: UTF8.self)
      }
    } catch { throw error.failure }
  }

  /// The topic as a name: letters, digits, _ and -.
  private var identifier: String {
    String(topic.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") ? $0 : "_" })
  }

  /// https://www.home-assistant.io/integrations/sensor.mqtt/
  private func discovery(classes: [String], _ availability: String) -> (topic: String, message: String) {
    let message: JSON = [
      "name": .string(topic), "unique_id": .string("edgessl_\(identifier)"), "state_topic": .string(topic),
      "value_template": "{{ value_json.state }}", "json_attributes_topic": .string(topic),
      "availability_topic": .string(availability), "device_class": "enum",
      "options": JSON(classes + [StableLabel.unknown]), "icon": "mdi:camera",
      "device": ["identifiers": [.string("edgessl_\(identifier)")], "name": .string(topic), "manufacturer": "edgessl"],
    ]
    return ("homeassistant/sensor/edgessl_\(identifier)/config", message.text)
  }
}

/// The state that a broker keeps: at once where the stable label changes, else once in a while.
final class BrokerState {
  private let publisher: StatePublisher
  private let topic: String
  private var nextUpdate = 0
  /// Between reports of the same label.
  private static let interval = 10_000_000_000

  init(_ publisher: StatePublisher, topic: String) {
    self.publisher = publisher
    self.topic = topic
  }

  func report(_ answer: FrameAnswer) {
    let now = monotonicNanoseconds(), classification = answer.classification
    guard let stable = answer.stable, answer.isChange || now >= nextUpdate else { return }
    nextUpdate = now + BrokerState.interval
    let message: JSON = [
      "state": .string(stable), "label": .string(classification.label), "confidence": .float(classification.confidence),
      "unknown": .bool(classification.isUnknown), "time": .string(UTCTime.now.description),
    ]
    publisher.publish(message.text, to: topic)
  }

  func stop() { publisher.stop() }
}
