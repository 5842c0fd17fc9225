#!/usr/bin/env bash
# Writes the Swift code of Sources/LEGENTWire/communicator.proto again: tools/generate-proto.sh
#
# Needed only after a change of the .proto file or of the packages. Builds the two protoc plugins from the versions that
# Package.resolved names, which takes some minutes, into .build-proto/. Needs protoc (Debian: protobuf-compiler).
set -euo pipefail
cd "$(dirname "$0")/.."

command -v protoc >/dev/null || tools/setup.sh protobuf-compiler
swift package resolve
plugin() { # package, product
    swift build --package-path ".build/checkouts/$1" --scratch-path ".build-proto/$1" --product "$2" >&2
    echo "$(swift build --package-path ".build/checkouts/$1" --scratch-path ".build-proto/$1" --show-bin-path)/$2"
}
messages=$(plugin swift-protobuf protoc-gen-swift)
services=$(plugin grpc-swift-protobuf protoc-gen-grpc-swift-2)

folder=Sources/LEGENTWire
mkdir -p $folder/Generated
protoc -I $folder --plugin=protoc-gen-swift="$messages" --plugin=protoc-gen-grpc-swift-2="$services" \
    --swift_out=Visibility=Internal:$folder/Generated --grpc-swift-2_out=Visibility=Internal:$folder/Generated \
    $folder/communicator.proto
ls -l $folder/Generated
