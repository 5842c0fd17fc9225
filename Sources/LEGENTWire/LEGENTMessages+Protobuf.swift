import Foundation
import LEOAction
import SwiftProtobuf

extension LEGENTActionMessage {
    /// Decodes an `ActionProto`. Unknown fields are passed over, numbers may be packed or not, of repeated fields the last
    /// one counts.
    ///
    /// - Errors: `.malformedMessage`, also for text that is not UTF-8
    public init(protobuf bytes: [UInt8]) throws(LEGENTMessageError) {
        self.init(try Communicator_ActionProto.decode(bytes))
    }

    /// Fields in the order of their numbers, defaults left out, numbers packed: what the toolkit's library writes.
    public var protobufBytes: [UInt8] {
        get throws(LEGENTMessageError) { try Communicator_ActionProto(self).encoded }
    }

    init(_ proto: Communicator_ActionProto) {
        self.init()
        type = proto.type
        text = proto.text
        jsonActions = proto.jsonActions
        floatActions = proto.floatActions
        intActions = proto.intActions
        apiCalls = proto.apiCalls
    }
}

extension LEGENTObservationMessage {
    /// Decodes an `ObservationProto`, as tolerant as an action's reader.
    ///
    /// - Errors: `.malformedMessage`, also for text that is not UTF-8
    public init(protobuf bytes: [UInt8]) throws(LEGENTMessageError) {
        self.init(try Communicator_ObservationProto.decode(bytes))
    }

    /// Fields in the order of their numbers, defaults left out, numbers packed.
    public var protobufBytes: [UInt8] {
        get throws(LEGENTMessageError) { try Communicator_ObservationProto(self).encoded }
    }

    init(_ proto: Communicator_ObservationProto) {
        self.init()
        type = proto.type
        image = Array(proto.image)
        text = proto.text
        gameStates = proto.gameStates
        floatObservations = proto.floatObservations
        intObservations = proto.intObservations
        apiReturns = proto.apiReturns
    }
}

extension Communicator_ActionProto {
    init(_ message: LEGENTActionMessage) {
        self.init()
        type = message.type
        text = message.text
        jsonActions = message.jsonActions
        floatActions = message.floatActions
        intActions = message.intActions
        apiCalls = message.apiCalls
    }
}

extension Communicator_ObservationProto {
    init(_ message: LEGENTObservationMessage) {
        self.init()
        type = message.type
        image = Data(message.image)
        text = message.text
        gameStates = message.gameStates
        floatObservations = message.floatObservations
        intObservations = message.intObservations
        apiReturns = message.apiReturns
    }
}

extension SwiftProtobuf.Message {
    fileprivate static func decode(_ bytes: [UInt8]) throws(LEGENTMessageError) -> Self {
        do {
            return try Self(serializedBytes: bytes)
        } catch {
            throw .malformedMessage(message: protoMessageName, reason: "cannot be decoded: \(error)")
        }
    }

    fileprivate var encoded: [UInt8] {
        get throws(LEGENTMessageError) {
            do {
                return try serializedBytes()
            } catch {
                throw .malformedMessage(message: Self.protoMessageName, reason: "cannot be encoded: \(error)")
            }
        }
    }
}
