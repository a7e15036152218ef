//! Targets, each on a port of its own, with one body that is made anew each interval.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(super) struct Generator {
    targets: Vec<SocketAddr>,
    served: Arc<Served>,
}

struct Served {
    /// The answer as it goes over the wire, its head included.
    answer: Mutex<Arc<Vec<u8>>>,
    series: u64,
    samples: AtomicU64,
}

impl Generator {
    /// Serves until the process ends.
    pub(super) fn start(targets: usize, series: usize, interval: Duration) -> Self {
        let served = Served {
            answer: Mutex::new(Arc::new(answer(series, 0))),
            series: series as u64,
            samples: AtomicU64::new(0),
        };
        let served = Arc::new(served);
        let ticking = Arc::clone(&served);
        std::thread::spawn(move || {
            for tick in 1.. {
                super::wait(interval);
                *ticking.answer.lock().unwrap() = Arc::new(answer(series, tick));
            }
        });
        let targets = (0..targets).map(|_| served.listen()).collect();
        Self { targets, served }
    }

    /// The addresses of the targets.
    pub(super) fn targets(&self) -> &[SocketAddr] {
        &self.targets
    }

    /// How many samples have been asked for so far.
    pub(super) fn samples(&self) -> u64 {
        self.served.samples.load(Ordering::Relaxed)
    }
}

impl Served {
    /// Another target.
    fn listen(self: &Arc<Self>) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let served = Arc::clone(self);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let serving = Arc::clone(&served);
                std::thread::spawn(move || serving.connection(stream));
            }
        });
        address
    }

    fn connection(&self, mut stream: TcpStream) {
        let mut request = Vec::new();
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = stream.read(&mut buffer) {
            request.extend_from_slice(&buffer[..count]);
            if request.ends_with(b"\r\n\r\n") {
                request.clear();
                let answer = Arc::clone(&self.answer.lock().unwrap());
                if stream.write_all(&answer).is_err() {
                    break;
                }
                self.samples.fetch_add(self.series, Ordering::Relaxed);
            }
        }
    }
}

/// Families of ten series: half of them counters that grow, each at its own pace, the others gauges that go up and down.
fn answer(series: usize, tick: u64) -> Vec<u8> {
    let mut body = String::new();
    for at in 0..series as u64 {
        let family = at / 10;
        let (kind, value) = match family % 2 {
            0 => ("counter", (at + 1) * 17 * (tick + 1)),
            _ => ("gauge", (at * 7_919 + tick * 104_729) % 100_003),
        };
        if at.is_multiple_of(10) {
            writeln!(
                body,
                "# HELP bench_{family}_things Things of kind {family}.\n# TYPE bench_{family}_things {kind}"
            )
            .unwrap();
        }
        let code = 200 + at % 10;
        writeln!(
            body,
            "bench_{family}_things{{method=\"get\",path=\"/api/v1/things/{family}\",code=\"{code}\"}} {value}"
        )
        .unwrap();
    }
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(body.as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        packed.len()
    );
    [head.into_bytes(), packed].concat()
}
