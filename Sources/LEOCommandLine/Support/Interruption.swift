import Foundation
import Synchronization

/// Removes an unfinished file when the program is told to stop, and exits with 128 + the signal's number.
///
/// The handler does nothing but atomic loads, `write`, `unlink` and `_exit`, which may be called at any moment; the texts it
/// needs are made before. Everything it touches is made in `begin`, before the handler is installed.
enum Interruption {
    private static let signals = [SIGINT, SIGTERM, SIGHUP]
    /// C strings of the file to remove and of the message; never freed, because a handler may be reading them.
    nonisolated(unsafe) private static let path = Atomic<UnsafeMutablePointer<CChar>?>(nil)
    nonisolated(unsafe) private static let message = Atomic<UnsafeMutablePointer<CChar>?>(nil)
    /// A signal that came before the name of the file was known.
    private static let pending = Atomic<Int32>(0)
    private static let isActive = Atomic<Bool>(false)

    /// From here on signals wait until `remove` has told which file to remove.
    static func begin() {
        _ = path.load(ordering: .relaxed)
        message.store(strdup("\nerror: interrupted; the unfinished file was removed\n"), ordering: .relaxed)
        pending.store(0, ordering: .relaxed)
        isActive.store(true, ordering: .sequentiallyConsistent)
        for number in signals {
            // A signal that the parent had ignored (nohup) stays ignored.
            var old = sigaction()
            guard sigaction(number, nil, &old) == 0, !isIgnored(old) else { continue }
            var action = sigaction()
            action.sa_flags = Int32(SA_RESTART)
            setHandler(&action) { Interruption.handle($0) }
            sigaction(number, &action, nil)
        }
    }

    /// Names the file; signals act at once now, also one that came since `begin`.
    static func remove(_ file: String) {
        path.store(strdup(file), ordering: .sequentiallyConsistent)
        let number = pending.load(ordering: .sequentiallyConsistent)
        if number != 0 { handle(number) }
    }

    /// The file is finished or gone: signals end the program as usual.
    static func end() {
        isActive.store(false, ordering: .sequentiallyConsistent)
        path.store(nil, ordering: .sequentiallyConsistent)
        for number in signals {
            var old = sigaction()
            if sigaction(number, nil, &old) == 0, !isIgnored(old) { signal(number, SIG_DFL) }
        }
        let number = pending.load(ordering: .sequentiallyConsistent)
        if number != 0 { kill(getpid(), number) }
    }

    private static func handle(_ number: Int32) {
        guard isActive.load(ordering: .sequentiallyConsistent) else { return }
        pending.store(number, ordering: .sequentiallyConsistent)
        guard let file = path.load(ordering: .sequentiallyConsistent) else { return }
        unlink(file)
        if let text = message.load(ordering: .relaxed) { _ = write(STDERR_FILENO, text, strlen(text)) }
        _exit(128 + number)
    }

    #if os(Linux)
    private static func isIgnored(_ action: sigaction) -> Bool {
        unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }
    private static func setHandler(_ action: inout sigaction, _ handler: @escaping @convention(c) (Int32) -> Void) {
        action.__sigaction_handler.sa_handler = handler
    }
    #else
    private static func isIgnored(_ action: sigaction) -> Bool {
        unsafeBitCast(action.__sigaction_u.__sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }
    private static func setHandler(_ action: inout sigaction, _ handler: @escaping @convention(c) (Int32) -> Void) {
        action.__sigaction_u.__sa_handler = handler
    }
    #endif
}
