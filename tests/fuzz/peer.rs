//! A world whose only server is the other end of an in-memory pipe, under a clock that is paused:
//! waiting for a time limit costs nothing.

use chapar_daemon::world::net::{BoxStream, Net};
use chapar_daemon::world::{BoxFuture, World};
use chapar_engine::verdict::Failure;
use chapar_tests::sandbox::provider::Personality;
use chapar_tests::sim::SimWorld;
use std::sync::{Arc, Mutex};
use tokio::io::DuplexStream;

/// Bytes a pipe holds before its writer waits.
const PIPE_BYTES: usize = 16 << 10;

struct Pipe(Mutex<Option<DuplexStream>>);

impl Net for Pipe {
    fn connect<'a>(&'a self, _: &'a str, _: u16) -> BoxFuture<'a, Result<BoxStream, Failure>> {
        let stream = self.0.lock().unwrap().take();
        Box::pin(async {
            let stream =
                stream.ok_or_else(|| Failure::of("net.refused", "no second connection", None))?;
            Ok(Box::new(stream) as BoxStream)
        })
    }

    // TLS has tests of its own; what is inside it is what these are about
    fn secure<'a>(
        &'a self,
        stream: BoxStream,
        _: &'a str,
        _: Option<&'a str>,
    ) -> BoxFuture<'a, Result<BoxStream, Failure>> {
        Box::pin(async { Ok(stream) })
    }
}

/// The sim world that lends its clock, made once a target.
pub(crate) struct Lent {
    runtime: tokio::runtime::Runtime,
    world: World,
}

impl Lent {
    pub(crate) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let world = runtime.block_on(async { SimWorld::new(1, Personality::default()).world });
        Self { runtime, world }
    }

    /// Plays one story with the world and the server's end of its one connection.
    pub(crate) fn play(&self, story: impl AsyncFnOnce(World, DuplexStream)) {
        let (ours, theirs) = tokio::io::duplex(PIPE_BYTES);
        let world = World { net: Arc::new(Pipe(Mutex::new(Some(ours)))), ..self.world.clone() };
        self.runtime.block_on(story(world, theirs));
    }
}

/// What a failure tells people must be fit to be shown, whoever the words came from.
pub(crate) fn check_failure(failure: &Failure) {
    for text in std::iter::once(&failure.message).chain(&failure.detail) {
        assert!(!text.chars().any(char::is_control), "{failure:?}");
        assert!(text.len() < 4_000, "{} bytes of words", text.len());
    }
    assert!(failure.code.contains('.'), "{failure:?}");
}
