//! The threads that read the store for clients, and who of the clients is served next.
//!
//! A job is a future that never waits for anything but its turn: it reads, and between two steps it
//! calls [`breathe`]. When its slice is over, `breathe` gives the thread to the client that was
//! served least, so a client with a thousand searches holds up nobody else. Owns the queue and the
//! threads. A job must never wait for the network, a channel or a timer: a thread would spin on it.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::poll_fn;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Threads: one can wait for a disk while the other reads from memory.
pub const THREADS: usize = 2;
/// How long a job runs before others are looked at: far below what a person notices, far above the
/// cost of changing.
const SLICE: Duration = Duration::from_millis(1);

/// Somebody who asks: one connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Client(u64);

/// The job broke off: it panicked, or the threads have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken;

/// What the watchdog asks: whether there is work, and a number that moves while it is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pulse {
    /// Jobs waiting or running.
    pub jobs: usize,
    /// Slices that ended so far.
    pub slices: u64,
}

type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

thread_local! {
    /// When the job that runs on this thread has to let others go first; `None` elsewhere.
    static SLICE_END: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Lets others go first when the slice of the job is over. Outside of a job it does nothing.
pub async fn breathe() {
    let mut gave_way = false;
    poll_fn(|_| {
        let is_over = || SLICE_END.get().is_some_and(|end| Instant::now() >= end);
        if gave_way || !is_over() {
            return Poll::Ready(());
        }
        gave_way = true;
        Poll::Pending
    })
    .await;
}

/// The threads, or none: then a job runs where it is asked for, for deterministic worlds.
pub struct Readers {
    shared: Option<Arc<Shared>>,
    clients: AtomicU64,
}

impl Readers {
    /// Starts [`THREADS`] threads; they end with this value.
    pub fn start() -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        for _ in 0..THREADS {
            let shared = Arc::clone(&shared);
            std::thread::Builder::new().name("reader".into()).spawn(move || work(&shared))?;
        }
        Ok(Self { shared: Some(shared), clients: AtomicU64::new(0) })
    }

    /// Without threads.
    #[must_use]
    pub fn inline() -> Self {
        Self { shared: None, clients: AtomicU64::new(0) }
    }

    /// A new client.
    pub fn client(&self) -> Client {
        Client(self.clients.fetch_add(1, Ordering::Relaxed))
    }

    /// Runs `job` for `client`. When this future is dropped, the job ends at its next slice.
    pub async fn run<T: Send + 'static>(
        &self,
        client: Client,
        job: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Broken> {
        let Some(shared) = &self.shared else { return Ok(job.await) };
        let (reply, answer) = oneshot::channel();
        let job = async move {
            let mut job = pin!(job);
            let done = poll_fn(|context| {
                if reply.is_closed() {
                    return Poll::Ready(None);
                }
                job.as_mut().poll(context).map(Some)
            });
            if let Some(value) = done.await {
                // whoever asked may have gone in this moment
                drop(reply.send(value));
            }
        };
        shared.push(client, Box::pin(job));
        answer.await.map_err(|_| Broken)
    }

    /// How the work goes on.
    #[must_use]
    pub fn pulse(&self) -> Pulse {
        let Some(shared) = &self.shared else { return Pulse::default() };
        let queue = shared.queue();
        let waiting: usize = queue.lanes.values().map(|lane| lane.jobs.len() + lane.running).sum();
        Pulse { jobs: waiting, slices: queue.slices }
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        if let Some(shared) = &self.shared {
            shared.queue().closed = true;
            shared.wake.notify_all();
        }
    }
}

#[derive(Default)]
struct Shared {
    /// A lock, not a task: each use is a look-up in small maps, and a thread has to wait for work.
    queue: Mutex<Queue>,
    wake: Condvar,
}

#[derive(Default)]
struct Queue {
    lanes: BTreeMap<Client, Lane>,
    /// Clients with a waiting job, by how long they were served.
    ready: BTreeSet<(Duration, Client)>,
    /// How long whoever was chosen last had been served: where a client begins that comes now.
    level: Duration,
    slices: u64,
    closed: bool,
}

/// The jobs of one client.
#[derive(Default)]
struct Lane {
    jobs: VecDeque<Job>,
    served: Duration,
    running: usize,
}

impl Queue {
    fn push(&mut self, client: Client, job: Job) {
        let level = self.level;
        let lane =
            self.lanes.entry(client).or_insert_with(|| Lane { served: level, ..Lane::default() });
        lane.jobs.push_back(job);
        self.ready.insert((lane.served, client));
    }

    fn take(&mut self) -> Option<(Client, Job)> {
        let (served, client) = self.ready.pop_first()?;
        self.level = self.level.max(served);
        let lane = self.lanes.get_mut(&client)?;
        let job = lane.jobs.pop_front()?;
        lane.running += 1;
        if !lane.jobs.is_empty() {
            self.ready.insert((served, client));
        }
        Some((client, job))
    }

    /// A slice ended; `rest` is the job when it goes on.
    fn served(&mut self, client: Client, took: Duration, rest: Option<Job>) {
        self.slices += 1;
        let Some(lane) = self.lanes.get_mut(&client) else { return };
        self.ready.remove(&(lane.served, client));
        lane.running -= 1;
        lane.served += took;
        lane.jobs.extend(rest);
        if !lane.jobs.is_empty() {
            self.ready.insert((lane.served, client));
        } else if lane.running == 0 {
            self.lanes.remove(&client);
        }
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, client: Client, job: Job) {
        let mut queue = self.queue();
        if !queue.closed {
            queue.push(client, job);
            self.wake.notify_one();
        }
    }

    fn next(&self) -> Option<(Client, Job)> {
        let mut queue = self.queue();
        loop {
            if queue.closed {
                // jobs may own this very queue's owner: they go after the lock
                let lanes = std::mem::take(&mut queue.lanes);
                queue.ready.clear();
                drop(queue);
                drop(lanes);
                return None;
            }
            if let Some(found) = queue.take() {
                return Some(found);
            }
            queue = self.wake.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// The life of one thread.
fn work(shared: &Shared) {
    let mut context = Context::from_waker(Waker::noop());
    while let Some((client, mut job)) = shared.next() {
        let began = Instant::now();
        SLICE_END.set(Some(began + SLICE));
        let polled = catch_unwind(AssertUnwindSafe(|| job.as_mut().poll(&mut context)));
        SLICE_END.set(None);
        // a job that panicked is not polled again: whoever waits for it learns that it broke off
        let rest = matches!(polled, Ok(Poll::Pending)).then_some(job);
        shared.queue().served(client, began.elapsed(), rest);
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::{Broken, Client, Job, Queue, Readers, breathe};
    use std::time::Duration;

    fn job() -> Job {
        Box::pin(async {})
    }

    /// Who is served in `turns` slices of a millisecond, when no job ever ends.
    fn order(queue: &mut Queue, turns: usize) -> Vec<u64> {
        let each = (0..turns).map(|_| {
            let (client, job) = queue.take().unwrap();
            queue.served(client, Duration::from_millis(1), Some(job));
            client.0
        });
        each.collect()
    }

    #[test]
    fn a_client_with_many_jobs_gets_no_more_than_a_client_with_one() {
        let mut queue = Queue::default();
        for _ in 0..50 {
            queue.push(Client(1), job());
        }
        queue.push(Client(2), job());
        queue.push(Client(3), job());
        assert_eq!(order(&mut queue, 9), [1, 2, 3, 1, 2, 3, 1, 2, 3]);
    }

    #[test]
    fn who_comes_late_is_next_but_does_not_catch_up() {
        let mut queue = Queue::default();
        queue.push(Client(1), job());
        queue.push(Client(2), job());
        assert_eq!(order(&mut queue, 1_000).len(), 1_000);
        queue.push(Client(7), job());
        let turns = order(&mut queue, 30);
        assert!(turns.iter().take(3).any(|client| *client == 7), "{turns:?}");
        assert_eq!(turns.iter().filter(|client| **client == 7).count(), 10, "{turns:?}");
    }

    #[test]
    fn a_lane_goes_when_its_last_job_ends() {
        let mut queue = Queue::default();
        queue.push(Client(1), job());
        let (client, _job) = queue.take().unwrap();
        queue.served(client, Duration::ZERO, None);
        assert!(queue.lanes.is_empty() && queue.ready.is_empty());
    }

    #[tokio::test]
    async fn jobs_give_way_panic_alone_and_end_with_their_asker() {
        let readers = Readers::start().unwrap();
        let (one, other) = (readers.client(), readers.client());
        let endless = readers.run(one, async {
            loop {
                breathe().await;
            }
        });
        let quick = async {
            let mut sum = 0;
            for n in 0..10 {
                let job = async move { n };
                sum += readers.run(other, job).await.unwrap();
            }
            sum
        };
        tokio::select! {
            biased;
            _ = endless => unreachable!("it has no end"),
            sum = quick => assert_eq!(sum, 45),
        }
        let panicked = readers.run(one, async { panic!("a test's own panic") });
        assert_eq!(panicked.await, Err::<(), _>(Broken));
        assert_eq!(readers.run(one, async { 7 }).await, Ok(7));
        while readers.pulse().jobs > 0 {
            tokio::task::yield_now().await;
        }
        let inline = Readers::inline();
        assert_eq!(inline.run(inline.client(), async { breathe().await }).await, Ok(()));
    }
}
