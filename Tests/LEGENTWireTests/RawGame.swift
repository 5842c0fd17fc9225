import GRPCCore
import GRPCNIOTransportHTTP2Posix
import LEGENTWire
import LEOAction

/// A game that sends whatever bytes it is told, without the client's care.
@available(macOS 15.0, iOS 18.0, watchOS 11.0, tvOS 18.0, visionOS 2.0, *)
struct RawGame {
    let port: Int
    private typealias Client = GRPCClient<HTTP2ClientTransport.Posix>

    private struct Bytes: MessageSerializer, MessageDeserializer {
        func serialize<B: GRPCContiguousBytes>(_ message: [UInt8]) throws -> B { B(message) }
        func deserialize<B: GRPCContiguousBytes>(_ bytes: B) throws -> [UInt8] { bytes.withUnsafeBytes { Array($0) } }
    }

    private func withClient<Result: Sendable>(_ body: (Client) async throws -> Result) async throws -> Result {
        let transport = try HTTP2ClientTransport.Posix(
            target: .ipv4(address: "127.0.0.1", port: port), transportSecurity: .plaintext)
        return try await withGRPCClient(transport: transport) { try await body($0) }
    }

    private func reply(_ client: Client, _ bytes: [UInt8]) async throws -> [UInt8] {
        try await client.unary(
            request: ClientRequest(message: bytes),
            descriptor: MethodDescriptor(fullyQualifiedService: "communicator.Communicator", method: "GetAction"),
            serializer: Bytes(), deserializer: Bytes(), options: .defaults
        ) { try $0.message }
    }

    private func call(_ client: Client, _ bytes: [UInt8]) async throws -> LEGENTActionMessage {
        try LEGENTActionMessage(protobuf: try await reply(client, bytes))
    }

    /// The replies to a recorded session's messages.
    func replies(to messages: [[UInt8]]) async throws -> [[UInt8]] {
        try await withClient { client in
            var replies: [[UInt8]] = []
            for message in messages { replies.append(try await reply(client, message)) }
            return replies
        }
    }

    private func observation(_ step: Int) throws -> LEGENTObservationMessage {
        var message = LEGENTObservationMessage()
        message.type = "STEP"
        message.gameStates = "{}"
        message.image = try picture(step)
        return message
    }

    /// Plays until CLOSE or an error, which it returns. `change` may spoil the message of a call, counted from 0.
    func play(change: (Int, inout LEGENTObservationMessage) -> Void) async throws -> String? {
        try await withClient { client in
            for step in 0... {
                var message = try observation(step)
                change(step, &message)
                do {
                    if try await call(client, message.protobufBytes).type == "CLOSE" { return nil }
                } catch let error as RPCError {
                    return error.message
                }
            }
            return nil
        }
    }

    /// Sends bytes that may be no message and returns the error.
    func sendBytes(_ bytes: [UInt8]) async throws -> String? {
        try await withClient { client in
            do {
                _ = try await call(client, bytes)
                return nil
            } catch let error as RPCError {
                return "\(error.code): \(error.message)"
            }
        }
    }

    /// INIT, RESET, then two calls at once: the type of the reply to the first, which `release` sets free, and the error of
    /// the second.
    func callTwice(release: @Sendable () -> Void) async throws -> (held: String, refused: String) {
        try await withClient { client in
            _ = try await call(client, observation(0).protobufBytes)
            _ = try await call(client, observation(1).protobufBytes)
            let bytes = try observation(2).protobufBytes
            // Whichever arrives second is refused at once; the other is held until the release.
            return try await withThrowingTaskGroup(of: (held: String?, refused: String?).self) { group in
                for _ in 0..<2 {
                    group.addTask {
                        do { return (try await call(client, bytes).type, nil) } catch let error as RPCError { return (nil, error.message) }
                    }
                }
                let refused = try await group.next()?.refused
                release()
                return (held: try await group.next()?.held ?? "no reply", refused: refused ?? "no error")
            }
        }
    }
}
