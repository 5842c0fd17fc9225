// swift-tools-version: 6.1
import PackageDescription

// Targets stand in dependency order: each knows only those above it. No unsafeFlags anywhere, because SwiftPM refuses
// a versioned dependency that has them.

let package = Package(
    name: "leo-engine",
    platforms: [.macOS(.v13)],
    products: [
        .library(name: "LEO", targets: ["LEO"]),
        .library(name: "LEOConvert", targets: ["LEOConvert"]),
        .library(name: "LEOImageIO", targets: ["LEOImageIO"]),
        .library(name: "LEOAction", targets: ["LEOAction"]),
        .library(name: "LEOEval", targets: ["LEOEval"]),
        .library(name: "LEOWorld", targets: ["LEOWorld"]),
        .library(name: "LEOBench", targets: ["LEOBench"]),
        .executable(name: "leo", targets: ["LEOCommandLine"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        // Only the command speaks gRPC; who embeds a library builds none of these.
        .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.0"),
        .package(url: "https://github.com/grpc/grpc-swift-nio-transport", from: "2.9.0"),
        .package(url: "https://github.com/grpc/grpc-swift-protobuf", from: "2.4.0"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.38.0"),
    ],
    targets: [
        // MARK: C

        .target(
            name: "CLEOKernels",
            path: "CKernels",
            publicHeadersPath: "include",
            cSettings: [.headerSearchPath("cpu"), .headerSearchPath(".")],
            linkerSettings: [.linkedLibrary("m", .when(platforms: [.linux]))]
        ),
        .systemLibrary(name: "COpenMP"),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        // An independent oracle for the matrix kernels' tests; no product links it.
        .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
        .target(
            name: "CLEOImageCodecs",
            linkerSettings: [.linkedLibrary("png"), .linkedLibrary("jpeg")]
        ),

        // MARK: Internal

        .target(name: "LEOTensor"),
        .target(name: "ExecutionPlan", dependencies: ["CLEOKernels", "COpenMP", "LEOTensor"]),
        .target(name: "LEOModel", dependencies: ["ExecutionPlan", "LEOTensor"]),
        .target(name: "LEOArchive", dependencies: ["LEOTensor"]),
        .target(name: "LEOText"),

        // MARK: Public

        .target(
            name: "LEOConvert",
            dependencies: ["CZlib", "ExecutionPlan", "LEOArchive", "LEOModel", "LEOTensor", "LEOText"]
        ),
        .target(name: "LEOScene", dependencies: ["LEOTensor"]),
        .target(name: "LEOImageIO", dependencies: ["CLEOImageCodecs", "LEOScene", "LEOTensor"]),
        .target(name: "LEOAction", dependencies: ["LEOModel", "LEOTensor", "LEOText"]),
        .target(name: "LEOEval"),
        .target(name: "LEOWorld", dependencies: ["LEOAction", "LEOScene", "LEOTensor"]),
        .target(
            name: "LEO",
            dependencies: ["ExecutionPlan", "LEOAction", "LEOArchive", "LEOModel", "LEOScene", "LEOTensor", "LEOText"]
        ),

        // MARK: Data and tasks

        .target(
            name: "LEOData",
            dependencies: ["LEOAction", "LEOConvert", "LEOEval", "LEOImageIO", "LEOScene", "LEOTensor", "LEOText"]
        ),
        .target(
            name: "LEOTasks",
            dependencies: [
                "ExecutionPlan", "LEO", "LEOAction", "LEOData", "LEOEval", "LEOImageIO", "LEOModel", "LEOScene", "LEOTensor", "LEOText", "LEOWorld",
            ]
        ),

        // MARK: Tools

        // Probes of the machine; they know the kernels' instruction sets and nothing else.
        .target(name: "CLEOBench", dependencies: ["CLEOKernels"], cSettings: [.headerSearchPath("../../CKernels/cpu")]),
        .target(
            name: "LEOBench",
            dependencies: [
                "CLEOBench", "CLEOKernels", "COpenMP", "ExecutionPlan", "LEO", "LEOAction", "LEOData", "LEOImageIO", "LEOModel", "LEOScene",
                "LEOTasks", "LEOTensor", "LEOText", "LEOWorld",
            ]
        ),
        .target(
            name: "LEGENTWire",
            dependencies: [
                "LEOAction", "LEOImageIO", "LEOScene",
                .product(name: "GRPCCore", package: "grpc-swift-2"),
                .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport"),
                .product(name: "GRPCProtobuf", package: "grpc-swift-protobuf"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            exclude: ["communicator.proto"]
        ),
        .target(
            name: "LEOCheck",
            dependencies: [
                "CZlib", "ExecutionPlan", "LEGENTWire", "LEO", "LEOAction", "LEOArchive", "LEOConvert", "LEOData", "LEOEval", "LEOImageIO",
                "LEOModel", "LEOScene", "LEOTensor", "LEOText",
            ]
        ),
        .executableTarget(
            name: "LEOCommandLine",
            dependencies: [
                "CLEOKernels", "ExecutionPlan", "LEGENTWire", "LEO", "LEOAction", "LEOArchive", "LEOBench", "LEOCheck", "LEOConvert", "LEOData",
                "LEOEval", "LEOImageIO", "LEOModel", "LEOScene", "LEOTasks", "LEOTensor", "LEOText", "LEOWorld",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]
        ),

        // MARK: Tests

        .target(name: "TestSupport", dependencies: ["LEOTensor"], path: "Tests/Support"),
        .testTarget(name: "KernelTests", dependencies: ["CLEOKernels", "COpenBLAS", "TestSupport"]),
        .testTarget(name: "LEOTensorTests", dependencies: ["LEOTensor", "TestSupport"]),
        .target(name: "AllocationCounter", path: "Tests/AllocationCounter"),
        .testTarget(
            name: "ExecutionPlanTests",
            dependencies: ["AllocationCounter", "CLEOKernels", "ExecutionPlan", "LEOModel", "LEOTensor", "TestSupport"]
        ),
        .testTarget(name: "LEOModelTests", dependencies: ["ExecutionPlan", "LEOModel", "LEOTensor", "TestSupport"]),
        .testTarget(name: "LEOArchiveTests", dependencies: ["LEOArchive", "LEOTensor", "TestSupport"]),
        .testTarget(name: "LEOTextTests", dependencies: ["LEOText", "TestSupport"]),
        .testTarget(name: "LEOActionTests", dependencies: ["LEOAction", "LEOModel", "LEOText", "TestSupport"]),
        .testTarget(
            name: "LEGENTWireTests", dependencies: ["LEGENTWire", "LEOAction", "LEOImageIO", "LEOScene", "TestSupport"]),
        .testTarget(name: "LEOEvalTests", dependencies: ["LEOAction", "LEOEval", "TestSupport"]),
        .testTarget(
            name: "LEOWorldTests", dependencies: ["AllocationCounter", "LEOAction", "LEOImageIO", "LEOScene", "LEOWorld", "TestSupport"]),
        .testTarget(
            name: "LEODataTests",
            dependencies: ["LEOAction", "LEOCheck", "LEOConvert", "LEOData", "LEOImageIO", "LEOScene", "LEOTensor", "TestSupport"]),
        .testTarget(
            name: "LEOTasksTests",
            dependencies: [
                "LEO", "LEOAction", "LEOConvert", "LEOData", "LEOEval", "LEOModel", "LEOScene", "LEOTasks", "LEOWorld", "TestSupport",
            ]),
        .testTarget(
            name: "LEOBenchTests",
            dependencies: ["ExecutionPlan", "LEO", "LEOArchive", "LEOBench", "LEOConvert", "LEOModel", "LEOText", "TestSupport"]),
        .testTarget(
            name: "LEOConvertTests",
            dependencies: ["LEOArchive", "LEOConvert", "LEOModel", "LEOTensor", "TestSupport"]
        ),
        .testTarget(name: "LEOSceneTests", dependencies: ["LEOImageIO", "LEOScene", "LEOTensor", "TestSupport"]),
        .testTarget(
            name: "LEOTests",
            dependencies: ["LEO", "LEOAction", "LEOArchive", "LEOCheck", "LEOConvert", "LEOModel", "LEOScene", "LEOText", "TestSupport"]
        ),
        .testTarget(
            name: "LEOCommandLineTests",
            dependencies: [
                "LEGENTWire", "LEOAction", "LEOArchive", "LEOCommandLine", "LEOImageIO", "LEOModel", "LEOScene", "LEOTensor", "TestSupport",
            ]),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c11
)

// tools/test-emulated.sh runs AVX-512 kernels on CPUs without AVX-512: see CKernels/cpu/ck_avx512.h.
if Context.environment["LEO_EMULATE_AVX512"] != nil {
    for target in package.targets where target.name == "CLEOKernels" {
        target.cSettings?.append(.define("CK_EMULATE_AVX512", to: "1"))
    }
}

// Builds of some tests alone, LEO_ONLY_TESTS="KernelTests LEOTextTests" (tools/test-sanitize.sh, tools/test-emulated.sh): what they do
// not need, gRPC above all, would take most of their time.
if let tests = Context.environment["LEO_ONLY_TESTS"] {
    var needed = Set(tests.split(separator: " ").map(String.init))
    for target in package.targets.reversed() where needed.contains(target.name) {
        for case .byNameItem(let name, _) in target.dependencies { needed.insert(name) }
    }
    package.targets.removeAll { !needed.contains($0.name) }
    package.products = []
    package.dependencies = []
}
