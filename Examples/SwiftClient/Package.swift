// swift-tools-version: 6.1
import PackageDescription

// Where your copy of the repository is hosted; the test puts a local clone here.
let url = Context.environment["LEO_ENGINE_URL"] ?? "https://example.com/leo-engine.git"

let package = Package(
    name: "client",
    dependencies: [.package(url: url, from: "0.1.0")],
    targets: [
        .executableTarget(name: "Client", dependencies: [.product(name: "LEO", package: "leo-engine")])
    ],
    swiftLanguageModes: [.v6]
)
