//! The review inbox by keyboard alone, in Chromium against a real server: walk, approve, take back, return, search, correct.

use doorstep_tests::browser::{Browser, named, named_with};
use doorstep_tests::county::County;
use doorstep_tests::stations::Stations;
use doorstep_tests::trouble::{Doing, Outcome, trouble};
use fantoccini::key::Key;
use serde_json::{Value, json};

const NEW_PHONE: &str = "13987654321";
const MASKED: &str = "139****4321";

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_reviews_without_a_mouse_and_takes_back_what_was_a_slip() -> Outcome {
    let folder = tempfile::tempdir().doing("making a folder")?;
    let county = County::found(folder.path(), "village")?;
    let desk = Browser::desk(&folder.path().join("desk"), &county.address()).await?;
    let stations = Stations::begin("inbox")?;
    let mut inbox = Inbox { desk, county, stations };
    let outcome = inbox.travel().await;
    if outcome.is_err() {
        inbox.stations.keep_failure(&inbox.desk).await;
    }
    outcome
}

struct Inbox {
    desk: Browser,
    county: County,
    stations: Stations,
}

fn key(key: Key) -> String {
    char::from(key).to_string()
}

fn row(id: &str) -> String {
    named_with("inbox-row", "data-id", id)
}

impl Inbox {
    async fn travel(&mut self) -> Outcome {
        self.sign_in().await?;
        self.walk().await?;
        self.approve_and_take_back().await?;
        self.return_and_take_back().await?;
        self.search().await?;
        self.correct().await?;
        self.many().await?;
        self.help().await
    }

    async fn sign_in(&mut self) -> Outcome {
        let account = self.county.demo.desk.clone();
        self.desk.see(&named("account")).await?;
        self.desk.press(&account.account).await?;
        self.desk.press(&key(Key::Tab)).await?;
        self.desk.press(&account.password).await?;
        self.desk.press(&key(Key::Enter)).await?;
        self.desk.see(&named("inbox-row")).await?;
        self.ready().await
    }

    /// The rows in sight, the selected one, and where it is among them.
    async fn rows(&self) -> Outcome<(Vec<String>, String)> {
        let script = "const [done] = arguments;
            const rows = [...document.querySelectorAll('[data-test=inbox-row]')]
                .sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top);
            done([rows.map((row) => row.dataset.id), document.querySelector('[data-test=inbox-row].current')?.dataset.id ?? '']);";
        let told = self.desk.run(script, Vec::new()).await?;
        serde_json::from_value(told).doing("reading the rows")
    }

    async fn current(&self) -> Outcome<String> {
        Ok(self.rows().await?.1)
    }

    /// The selected record has been loaded and can be decided on.
    async fn ready(&self) -> Outcome {
        let id = self.current().await?;
        let script = "const [id, done] = arguments; const look = () => {
            const pane = document.querySelector('.pane');
            const bar = document.querySelector('[data-test=approve]');
            if (pane?.getAttribute('aria-busy') === 'false' && pane.dataset.id === id && bar && !bar.disabled) done(true);
            else setTimeout(look, 40);
        }; look();";
        self.desk.run(script, vec![json!(id)]).await.map(|_| ())
    }

    async fn select(&self, id: &str) -> Outcome {
        self.desk.see(&format!("{}.current", row(id))).await.map(|_| ())
    }

    async fn walk(&mut self) -> Outcome {
        let (rows, first) = self.rows().await?;
        if rows.first() != Some(&first) {
            return trouble("The first row is not selected.");
        }
        let second = rows.get(1).cloned().unwrap_or_default();
        self.desk.press("j").await?;
        self.select(&second).await?;
        self.desk.press("k").await?;
        self.select(&first).await?;
        self.ready().await?;
        self.stations.keep(&self.desk, "walked").await
    }

    async fn approve_and_take_back(&mut self) -> Outcome {
        let id = self.current().await?;
        self.desk.press("a").await?;
        self.desk.gone(&row(&id)).await?;
        self.insist_on_state(&id, "approved").await?;
        self.stations.keep(&self.desk, "approved").await?;
        self.desk.press("z").await?;
        self.select(&id).await?;
        self.insist_on_state(&id, "waiting").await?;
        self.stations.keep(&self.desk, "taken-back").await?;
        // Nothing more to take back: the key does nothing.
        self.desk.press("z").await?;
        self.ready().await
    }

    async fn return_and_take_back(&mut self) -> Outcome {
        let id = self.current().await?;
        self.desk.press("r").await?;
        self.desk.see(&named("return-note")).await?;
        self.desk.press("请再核对一遍").await?;
        self.send().await?;
        self.desk.gone(&row(&id)).await?;
        self.insist_on_state(&id, "returned").await?;
        self.desk.press("z").await?;
        self.select(&id).await?;
        self.insist_on_state(&id, "waiting").await?;
        // What was written for the worker is still there.
        self.desk.see(&named("return-note")).await?;
        self.stations.keep(&self.desk, "return-taken-back").await?;
        self.desk.press(&key(Key::Escape)).await?;
        self.desk.gone(&named("return-note")).await
    }

    async fn search(&mut self) -> Outcome {
        let (before, _) = self.rows().await?;
        self.desk.press("/").await?;
        self.desk.press("没有这样的字").await?;
        self.desk.press(&key(Key::Enter)).await?;
        self.desk.gone(&named("inbox-row")).await?;
        self.stations.keep(&self.desk, "nothing-found").await?;
        self.desk.press("/").await?;
        self.desk.press(&key(Key::Backspace).repeat(8)).await?;
        self.desk.press(&key(Key::Enter)).await?;
        self.desk.see(&named("inbox-row")).await?;
        let (after, _) = self.rows().await?;
        if before == after { Ok(()) } else { trouble(format!("The list is another: {before:?} {after:?}")) }
    }

    /// Walks to a resident, puts a telephone right (at first wrongly) and sees in the history who did it.
    async fn correct(&mut self) -> Outcome {
        let current = format!("{}.current", named_with("inbox-row", "data-kind", "person"));
        for _ in 0..60 {
            if self.desk.count(&current).await? > 0 {
                break;
            }
            let id = self.current().await?;
            self.desk.press("j").await?;
            self.desk.gone(&format!("{}.current", row(&id))).await?;
        }
        self.desk.see(&current).await?;
        self.ready().await?;
        let id = self.current().await?;
        // A telephone is masked: whoever corrects it says first why it is looked at.
        self.desk.press("v").await?;
        self.tab_to(&named("look-reason")).await?;
        self.desk.press(&key(Key::Down)).await?;
        self.tab_to(&named("look")).await?;
        self.desk.press(&key(Key::Enter)).await?;
        self.desk.gone(&named("look")).await?;
        self.desk.press("e").await?;
        let phone = named("correct-phone");
        self.desk.see(&phone).await?;
        self.tab_to(&phone).await?;
        self.desk.rewrite(&phone, "12").await?;
        self.send().await?;
        self.desk.see(&named("problem-phone")).await?;
        self.stations.keep(&self.desk, "correction-refused").await?;
        self.desk.rewrite(&phone, NEW_PHONE).await?;
        self.tab_to(&named("correct-note")).await?;
        self.desk.press("按户主所说更正").await?;
        self.send().await?;
        self.desk.gone(&named("correct-form")).await?;
        // What is seen again is masked again.
        self.desk.see_text(&named("change-phone"), MASKED).await?;
        self.desk.see_text(&format!("{}:first-child", named("history-entry")), "按户主所说更正").await?;
        self.insist_on_state(&id, "waiting").await?;
        self.stations.keep(&self.desk, "corrected").await
    }

    async fn send(&self) -> Outcome {
        self.desk.press(&format!("{}{}", key(Key::Control), key(Key::Enter))).await
    }

    async fn tab_to(&self, css: &str) -> Outcome {
        for _ in 0..60 {
            let script = "const [css, done] = arguments; done(document.activeElement?.matches(css) ?? false);";
            if self.desk.run(script, vec![json!(css)]).await? == json!(true) {
                return Ok(());
            }
            self.desk.press(&key(Key::Tab)).await?;
        }
        trouble(format!("No way by the tabulator to `{css}`."))
    }

    async fn many(&mut self) -> Outcome {
        self.desk.press("x").await?;
        self.desk.see(&named("approve-many")).await?;
        self.desk.press(&key(Key::Escape)).await?;
        self.desk.gone(&named("approve-many")).await
    }

    async fn help(&mut self) -> Outcome {
        self.desk.press("?").await?;
        self.desk.see(&named("key-help")).await?;
        self.stations.keep(&self.desk, "keys").await?;
        self.desk.press(&key(Key::Escape)).await?;
        self.desk.gone(&named("key-help")).await
    }

    async fn record(&self, id: &str) -> Outcome<Value> {
        let script = "const [id, done] = arguments;
            fetch(`/desk/api/records/${id}`).then((answer) => answer.json()).then(done, (error) => done(String(error)));";
        self.desk.run(script, vec![json!(id)]).await
    }

    async fn insist_on_state(&self, id: &str, state: &str) -> Outcome {
        let record = self.record(id).await?;
        let stands = record["review"]["state"].as_str();
        if stands == Some(state) { Ok(()) } else { trouble(format!("The record stands {stands:?}, not {state}.")) }
    }
}
