import Testing

@Suite struct ModelsTests {
  @Test func listsTheShippedEncoders() throws {
    let json = try Command.run(["models", "--json"]).json()
    let encoders = try #require(json["encoders"] as? [[String: Any]])
    let names = encoders.compactMap { $0["name"] as? String }
    #expect(names == names.sorted() && Set(names).isSuperset(of: ["edge-s", "edge-s-int8", "edge-xs", "edge-xs-int8"]), "\(json)")
    for encoder in encoders {
      let path = try #require(encoder["path"] as? String)
      let shown = try Command.run(["inspect", path, "--json"]).json()
      for key in ["fileBytes", "macs", "arenaBytes"] { #expect(encoder[key] as? Int == shown[key] as? Int, "\(encoder)") }
      #expect((encoder["milliseconds"] as? Double ?? 0) > 0, "\(encoder)")
      // The model card's figures are there for every encoder, and for no other.
      let accuracy = try #require(encoder["accuracy"] as? [String: Double], "\(encoder)")
      #expect(accuracy["fiveShot"]! > accuracy["oneShot"]! && accuracy["oneShot"]! > 20, "\(encoder)")
    }
  }

  @Test func aNameIsTakenWhereAnEncoderIs() throws {
    let byName = try Command.run(["inspect", "edge-xs-int8", "--json"]).json()
    #expect(byName["checksum"] as? String != nil && byName["macs"] as? Int ?? 0 > 1_000_000)
    let unknown = try Command.run(["inspect", "edge-z"])
    #expect(unknown.status == 66 && unknown.errorLines.count == 1 && unknown.errors.contains("edgessl models lists"), "\(unknown)")
    let embed = try Command.run(["embed", "edge-z", "a.jpg", "-o", "/tmp/edge-z.npy"])
    #expect(embed.status == 66 && embed.errors.contains("edge-z: no such file"), "\(embed)")
  }
}
