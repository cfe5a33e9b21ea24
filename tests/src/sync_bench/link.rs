//! A slow link on loopback: a fixed delay each way and a rate, for every connection and direction. It stands in for a mobile
//! network where the kernel has no way of its own to delay packets.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::program::loopback;
use crate::trouble::{Doing, Outcome};

/// What a link is like.
#[derive(Debug, Clone, Copy)]
pub struct Link {
    /// One way.
    pub delay: Duration,
    /// Bits a second in each direction.
    pub rate: f64,
}

impl Link {
    /// 100 ms there and back, 10 Mbit/s.
    pub const MOBILE: Link = Link { delay: Duration::from_millis(50), rate: 10e6 };

    /// Leads a new port to `target` for as long as this program runs; returns the port.
    ///
    /// # Errors
    /// When there is no port.
    pub fn to(self, target: u16) -> Outcome<u16> {
        let listener = TcpListener::bind(loopback(0)).doing("opening the link")?;
        let port = listener.local_addr().doing("opening the link")?.port();
        thread::spawn(move || {
            for near in listener.incoming().flatten() {
                thread::spawn(move || self.carry(near, target));
            }
        });
        Ok(port)
    }

    /// Carries one connection. When either end is gone the other is told by its closing.
    fn carry(self, near: TcpStream, target: u16) {
        // The handshake of a real connection takes one way there and one back.
        thread::sleep(self.delay * 2);
        let Ok(far) = TcpStream::connect(loopback(target)) else { return };
        let clones = (near.try_clone(), far.try_clone());
        let (Ok(near_again), Ok(far_again)) = clones else { return };
        let quick = near.set_nodelay(true).and_then(|()| far.set_nodelay(true));
        if quick.is_ok() {
            self.lead(near, far);
            self.lead(far_again, near_again);
        }
    }

    fn lead(self, from: TcpStream, to: TcpStream) {
        let (sender, receiver) = channel();
        thread::spawn(move || self.take(from, &sender));
        thread::spawn(move || give(&receiver, to));
    }

    /// Takes what arrives, with the moment at which it is at the other end.
    fn take(self, mut from: TcpStream, sender: &Sender<(Instant, Vec<u8>)>) {
        let (mut free, mut buffer) = (Instant::now(), vec![0; 16 * 1024]);
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            free = free.max(Instant::now()) + Duration::from_secs_f64(length as f64 * 8.0 / self.rate);
            if sender.send((free + self.delay, buffer[..length].to_vec())).is_err() {
                return;
            }
        }
    }
}

fn give(receiver: &Receiver<(Instant, Vec<u8>)>, mut to: TcpStream) {
    for (at, bytes) in receiver {
        thread::sleep(at.saturating_duration_since(Instant::now()));
        if to.write_all(&bytes).is_err() {
            return;
        }
    }
    // Already closed from the other side is as good.
    let _closed = to.shutdown(Shutdown::Write);
}
