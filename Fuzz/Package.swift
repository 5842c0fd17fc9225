// swift-tools-version: 6.1
import PackageDescription

// A package of its own, so that embedders never build it. `make fuzz` builds it with coverage and sanitizers.

let package = Package(
    name: "leo-fuzz",
    dependencies: [.package(name: "leo-engine", path: "..")],
    targets: [
        .executableTarget(
            name: "LEOFuzz",
            dependencies: [
                .product(name: "LEO", package: "leo-engine"),
                .product(name: "LEOConvert", package: "leo-engine"),
                .product(name: "LEOImageIO", package: "leo-engine"),
            ]
        )
    ],
    swiftLanguageModes: [.v6]
)
