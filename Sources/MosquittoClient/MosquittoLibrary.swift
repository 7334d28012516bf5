import Glibc

/// The functions of libmosquitto (mosquitto.h of version 1.6 and later) that the client calls, from the shared library of the
/// system; loaded only when a broker is named.
struct MosquittoLibrary: Sendable {
  typealias Client = OpaquePointer

  typealias New = @convention(c) (UnsafePointer<CChar>?, Bool, UnsafeMutableRawPointer?) -> Client?
  typealias Destroy = @convention(c) (Client) -> Void
  typealias SetPassword = @convention(c) (Client, UnsafePointer<CChar>?, UnsafePointer<CChar>?) -> CInt
  typealias SetWill = @convention(c) (Client, UnsafePointer<CChar>, CInt, UnsafeRawPointer?, CInt, Bool) -> CInt
  /// CA file, CA folder, certificate, key, callback for the key's password.
  typealias SetTLS =
    @convention(c) (
      Client, UnsafePointer<CChar>?, UnsafePointer<CChar>?, UnsafePointer<CChar>?, UnsafePointer<CChar>?, OpaquePointer?
    ) -> CInt
  typealias Connect = @convention(c) (Client, UnsafePointer<CChar>, CInt, CInt) -> CInt
  typealias Disconnect = @convention(c) (Client) -> CInt
  typealias Loop = @convention(c) (Client, CInt, CInt) -> CInt
  typealias Publish =
    @convention(c) (Client, UnsafeMutablePointer<CInt>?, UnsafePointer<CChar>, CInt, UnsafeRawPointer?, CInt, Bool) -> CInt
  typealias OnConnect = @convention(c) (Client, (@convention(c) (Client?, UnsafeMutableRawPointer?, CInt) -> Void)?) -> Void
  typealias ErrorText = @convention(c) (CInt) -> UnsafePointer<CChar>
  typealias RefusalText = @convention(c) (CInt) -> UnsafePointer<CChar>

  let new: New
  let destroy: Destroy
  let setPassword: SetPassword
  let setWill: SetWill
  let setTLS: SetTLS
  let connect: Connect
  let disconnect: Disconnect
  let loop: Loop
  let publish: Publish
  let onConnect: OnConnect
  let errorText: ErrorText
  let refusalText: RefusalText

  /// Results of the functions.
  static let success: CInt = 0
  static let systemError: CInt = 14

  /// Nil where the library is not installed.
  static let installed: MosquittoLibrary? = {
    guard let library = dlopen("libmosquitto.so.1", RTLD_NOW | RTLD_LOCAL) else { return nil }
    return MosquittoLibrary(library)
  }()

  private init?(_ library: UnsafeMutableRawPointer) {
    // The names are those of the library's own interface, whose signatures are stated above; it is never closed.
    func function<F>(_ name: String, _ type: F.Type) -> F? { dlsym(library, name).map { unsafeBitCast($0, to: type) } }
    guard let initialize = function("mosquitto_lib_init", (@convention(c) () -> CInt).self),
      let new = function("mosquitto_new", New.self),
      let destroy = function("mosquitto_destroy", Destroy.self),
      let setPassword = function("mosquitto_username_pw_set", SetPassword.self),
      let setWill = function("mosquitto_will_set", SetWill.self),
      let setTLS = function("mosquitto_tls_set", SetTLS.self),
      let connect = function("mosquitto_connect", Connect.self),
      let disconnect = function("mosquitto_disconnect", Disconnect.self),
      let loop = function("mosquitto_loop", Loop.self),
      let publish = function("mosquitto_publish", Publish.self),
      let onConnect = function("mosquitto_connect_callback_set", OnConnect.self),
      let errorText = function("mosquitto_strerror", ErrorText.self),
      let refusalText = function("mosquitto_connack_string", RefusalText.self), initialize() == Self.success
    else { return nil }
    self.new = new
    self.destroy = destroy
    self.setPassword = setPassword
    self.setWill = setWill
    self.setTLS = setTLS
    self.connect = connect
    self.disconnect = disconnect
    self.loop = loop
    self.publish = publish
    self.onConnect = onConnect
    self.errorText = errorText
    self.refusalText = refusalText
  }
}
