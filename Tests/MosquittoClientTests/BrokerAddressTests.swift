import Testing

@testable import MosquittoClient

@Suite struct BrokerAddressTests {
  @Test func partsAreRead() throws {
    let plain = try #require(BrokerAddress("mqtt://broker"))
    #expect(plain.host == "broker" && plain.port == 1883 && !plain.usesTLS && plain.user == nil && plain.password == nil)
    let all = try #require(BrokerAddress("mqtts://me%40home:p%3Aw@10.0.0.7:8884/"))
    #expect(all.host == "10.0.0.7" && all.port == 8884 && all.usesTLS && all.user == "me@home" && all.password == "p:w")
    #expect("\(all)" == "mqtts://me@home@10.0.0.7:8884", "no password")
    #expect(BrokerAddress("mqtts://h")?.port == 8883)
    let six = try #require(BrokerAddress("mqtt://[::1]:1999"))
    #expect(six.host == "::1" && six.port == 1999)
    #expect(BrokerAddress("MQTT://u:@h")?.password == "")
  }

  @Test(arguments: [
    "", "broker", "http://broker", "mqtt://", "mqtt://:1883", "mqtt://h:0", "mqtt://h:65536", "mqtt://h:x", "mqtt://h/topic",
    "mqtt://@h", "mqtt://a%2@h", "mqtt://a%00@h", "mqtt://[::1", "mqtt://a b",
  ])
  func otherTextIsRefused(text: String) { #expect(BrokerAddress(text) == nil) }
}
