import LEO
import LEOScene

/// Asks a model about a scan: `Client <model.leo> <scan.ply> <question>`
@main
struct Client {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 4 else {
            print("usage: Client <model.leo> <scan.ply> <question>")
            return
        }
        let engine = try Engine(path: arguments[1])
        let cloud = try PointCloud(contentsOf: arguments[2])
        var request = Request(arguments[3], scene: try Scene(cloud))
        request.decoding.strategy = .greedy
        request.decoding.beams = 1
        request.decoding.maxNewTokens = 16

        // Pieces come as they are decoded; `answer` is the whole, with timings.
        let response = try engine.respond(to: request)
        for try await piece in response { print(piece.text, terminator: "") }
        print()
        let answer = try await response.answer
        print("\(answer.ids.count) tokens, \(answer.timings.objects) objects, \(answer.timings.promptTokens) prompt tokens")
    }
}
