//! The server's end: bytes that are only unpacked, rows that become rows, changesets that are applied and kept.

use std::collections::BTreeMap;
use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path as Named, Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use rusqlite::Connection;
use rusqlite::session::{ConflictAction, ConflictType};

use crate::{Outcome, table};

/// What the routes share.
struct Server {
    rows: Mutex<Connection>,
    changed: Mutex<Connection>,
    /// The rows as they would lie ready for a first pull.
    packed: Vec<u8>,
}

type Shared = State<Arc<Server>>;
type Answer = Result<Vec<u8>, StatusCode>;

/// Answers on a port of loopback until the process ends.
pub fn serve(port: u16, folder: &Path, rows: &Path) -> Outcome {
    let lines = fs::read(rows)?;
    let example = table::parse(&lines)?;
    let open = |name: &str| -> Outcome<Mutex<Connection>> {
        let connection = table::open(&folder.join(name))?;
        table::create(&connection, &example)?;
        Ok(Mutex::new(connection))
    };
    let (rows, changed) = (open("rows.db")?, open("changed.db")?);
    lock(&changed).execute_batch("CREATE TABLE changeset (n INTEGER PRIMARY KEY, device TEXT, packed BLOB)")?;
    let server = Server { rows, changed, packed: pack(&lines)? };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let app = Router::new()
            .route("/ready", get(|| async { "ready" }))
            .route("/bytes", post(take_bytes).get(give_bytes))
            .route("/rows", post(take_rows).get(give_rows))
            .route("/changesets/{device}", post(take_changeset).get(give_changesets))
            .layer(DefaultBodyLimit::max(1 << 30))
            .with_state(Arc::new(server));
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
        Ok(axum::serve(listener, app).await?)
    })
}

/// zstd at the level that the phone uses.
pub fn pack(bytes: &[u8]) -> Outcome<Vec<u8>> {
    Ok(zstd::encode_all(Cursor::new(bytes), 3)?)
}

/// What [`pack`] packed.
pub fn unpack(bytes: &[u8]) -> Outcome<Vec<u8>> {
    Ok(zstd::decode_all(Cursor::new(bytes))?)
}

/// Applies a changeset in one transaction; answers how many conflicts there were. `keep` keeps what stands there.
pub fn apply(connection: &mut Connection, changeset: &[u8], keep: bool) -> Outcome<usize> {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let conflicts = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&conflicts);
    let transaction = connection.transaction()?;
    let settle = move |of: ConflictType, _| {
        counted.fetch_add(1, Ordering::Relaxed);
        match of {
            ConflictType::SQLITE_CHANGESET_DATA | ConflictType::SQLITE_CHANGESET_CONFLICT if !keep => {
                ConflictAction::SQLITE_CHANGESET_REPLACE
            }
            _ => ConflictAction::SQLITE_CHANGESET_OMIT,
        }
    };
    transaction.apply_strm(&mut Cursor::new(changeset), None::<fn(&str) -> bool>, settle)?;
    transaction.commit()?;
    Ok(conflicts.load(Ordering::Relaxed))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn blocking(work: impl FnOnce() -> Outcome<Vec<u8>> + Send + 'static) -> Answer {
    let done = tokio::task::spawn_blocking(work).await;
    done.ok().and_then(Result::ok).ok_or(StatusCode::INTERNAL_SERVER_ERROR)
}

async fn take_bytes(body: Bytes) -> Answer {
    blocking(move || Ok(unpack(&body)?.len().to_string().into_bytes())).await
}

async fn give_bytes(State(server): Shared) -> Answer {
    Ok(server.packed.clone())
}

async fn take_rows(State(server): Shared, body: Bytes) -> Answer {
    blocking(move || {
        let rows = table::parse(&unpack(&body)?)?;
        table::put_all(&mut lock(&server.rows), &rows)?;
        Ok(rows.len().to_string().into_bytes())
    })
    .await
}

async fn give_rows(State(server): Shared) -> Answer {
    blocking(move || {
        let mut packed = zstd::Encoder::new(Vec::new(), 3)?;
        table::dump(&lock(&server.rows), &mut packed)?;
        Ok(packed.finish()?)
    })
    .await
}

async fn take_changeset(State(server): Shared, Named(device): Named<String>, body: Bytes) -> Answer {
    blocking(move || {
        let mut connection = lock(&server.changed);
        let conflicts = apply(&mut connection, &unpack(&body)?, false)?;
        connection.execute("INSERT INTO changeset (device, packed) VALUES (?1, ?2)", (device, &body[..]))?;
        Ok(conflicts.to_string().into_bytes())
    })
    .await
}

/// The changesets of the other devices after the first `from` of all, each behind its length.
async fn give_changesets(
    State(server): Shared,
    Named(device): Named<String>,
    Query(query): Query<BTreeMap<String, i64>>,
) -> Answer {
    blocking(move || {
        let connection = lock(&server.changed);
        let mut statement =
            connection.prepare("SELECT packed FROM changeset WHERE n > ?1 AND device <> ?2 ORDER BY n")?;
        let from = query.get("from").copied().unwrap_or(0);
        let mut answer = Vec::new();
        for packed in statement.query_map((from, device), |row| row.get::<_, Vec<u8>>(0))? {
            let packed = packed?;
            answer.extend_from_slice(&u32::try_from(packed.len())?.to_le_bytes());
            answer.extend_from_slice(&packed);
        }
        Ok(answer)
    })
    .await
}
