//! Programs in the background: started, waited for until they answer, and ended by their own id.

use crate::sh::{Outcome, Step, fail};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// A program in the background; it ends when this value does.
pub(crate) struct Server {
    child: Child,
    line: String,
}

impl Server {
    /// Starts a program in the background.
    pub(crate) fn start(step: Step) -> Outcome<Self> {
        let (mut command, line) = step.into_background();
        match command.stdin(Stdio::null()).spawn() {
            Ok(child) => Ok(Self { child, line }),
            Err(error) => fail(format!("`{line}` could not be started: {error}.")),
        }
    }

    /// Waits until `path` is answered with 200 at this address, and gives up when the program ends or time is over.
    pub(crate) fn wait_until_ready(&mut self, address: SocketAddr, path: &str, patience: Duration) -> Outcome {
        let start = Instant::now();
        while !answers(address, path) {
            if let Ok(Some(status)) = self.child.try_wait() {
                return fail(format!("`{}` ended with {status} before it answered.", self.line));
            }
            if start.elapsed() > patience {
                return fail(format!("`{}` did not answer at {address}{path} in time.", self.line));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Asked first, so that it can finish what it is writing.
        let asked = Step::new("kill").args(["-TERM", &self.child.id().to_string()]).succeeds();
        let start = Instant::now();
        while asked && start.elapsed() < Duration::from_secs(10) {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        // Nothing is left to do if it is already gone.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// A port on this machine that nobody listens on, `wanted` if that is one.
pub(crate) fn free_port(wanted: u16) -> Outcome<u16> {
    let listener = TcpListener::bind(("127.0.0.1", wanted)).or_else(|_| TcpListener::bind(("127.0.0.1", 0)));
    match listener.and_then(|listener| listener.local_addr()) {
        Ok(address) => Ok(address.port()),
        Err(error) => fail(format!("No port could be opened on this machine: {error}.")),
    }
}

fn answers(address: SocketAddr, path: &str) -> bool {
    let patience = Duration::from_secs(2);
    let Ok(mut stream) = TcpStream::connect_timeout(&address, patience) else { return false };
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    let mut answer = [0; 12];
    stream.set_read_timeout(Some(patience)).is_ok()
        && stream.write_all(request.as_bytes()).is_ok()
        && stream.read_exact(&mut answer).is_ok()
        && answer.ends_with(b" 200")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_ends_early_is_reported_and_one_that_stays_is_ended() {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port(0).unwrap()));
        let mut early = Server::start(Step::new("false")).unwrap();
        assert!(early.wait_until_ready(address, "/", Duration::from_secs(20)).is_err());

        let stays = Server::start(Step::new("sleep").arg("600")).unwrap();
        let start = Instant::now();
        drop(stays);
        assert!(start.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn only_an_answer_of_200_counts() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let serving = std::thread::spawn(move || {
            for status in ["503 Not Yet", "200 OK"] {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = [0; 512];
                let _length = stream.read(&mut request).unwrap();
                // In one piece, since the asker leaves as soon as it has read the status.
                let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        assert!(!answers(address, "/readyz"));
        assert!(answers(address, "/readyz"));
        serving.join().unwrap();
    }
}
