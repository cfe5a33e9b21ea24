//! Somebody at the desk without a browser: the desk's API, signed in.

use device::edge::SystemWorld;
use domain::World as _;
use reqwest::blocking::{Client, Response};
use serde_json::{Value, json};

use crate::county::County;
use crate::trouble::{Doing, Outcome, trouble};

/// Somebody signed in at the desk.
pub struct Desk {
    client: Client,
    address: String,
    cookie: String,
    csrf: String,
}

impl Desk {
    /// Signs the demonstration's supervisor in.
    ///
    /// # Errors
    /// When the server does not answer.
    pub fn sign_in(county: &County) -> Outcome<Self> {
        Self::sign_in_as(county, &county.demo.desk.account)
    }

    /// Signs in another of the demonstration's accounts; they share one password.
    ///
    /// # Errors
    /// When the server does not answer.
    pub fn sign_in_as(county: &County, account: &str) -> Outcome<Self> {
        let client = Client::builder().no_proxy().build().doing("making a client")?;
        let address = format!("{}/desk/api", county.address());
        let wish = json!({ "account": account, "password": county.demo.desk.password });
        let answer = client.post(format!("{address}/sign-in")).json(&wish).send().doing("signing in")?;
        let cookie = answer.headers().get("set-cookie").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        let session: Value = answer.json().doing("reading the session")?;
        Ok(Self { client, address, cookie, csrf: session["csrf"].as_str().unwrap_or_default().to_owned() })
    }

    /// Reads; answers with the status and what was said.
    ///
    /// # Errors
    /// When the server does not answer.
    pub fn get(&self, path: &str) -> Outcome<(u16, Value)> {
        let call = self.client.get(format!("{}/{path}", self.address)).header("cookie", &self.cookie);
        told(call.send().doing("asking the desk")?)
    }

    /// Reads what must be there.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn read(&self, path: &str) -> Outcome<Value> {
        match self.get(path)? {
            (200, body) => Ok(body),
            (status, body) => trouble(format!("{path} was answered {status}: {body}")),
        }
    }

    /// Changes something; answers with the status and what was said.
    ///
    /// # Errors
    /// When the server does not answer.
    pub fn post(&self, path: &str, body: &Value) -> Outcome<(u16, Value)> {
        let call = self.client.post(format!("{}/{path}", self.address)).header("cookie", &self.cookie);
        told(call.header("x-csrf-token", &self.csrf).json(body).send().doing("telling the desk")?)
    }

    /// Approves a record as it stands.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn approve(&self, id: &str) -> Outcome {
        let record = self.read(&format!("records/{id}"))?;
        let (version, seen) = (&record["version"], &record["review"]["state"]);
        let wish = json!({ "id": id, "version": version, "seen": seen, "verdict": "approved" });
        match self.post("reviews", &wish)? {
            (200, _) => Ok(()),
            (status, body) => trouble(format!("The approval was answered {status}: {body}")),
        }
    }

    /// Takes a step of an incident as it stands; answers with the incident after it.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn take_step(&self, incident: &str, action: &str, more: &Value) -> Outcome<Value> {
        let seen = self.read(&format!("incidents/{incident}"))?["seen"].clone();
        let mut wish = json!({ "id": SystemWorld.record_id(), "seen": seen, "action": action });
        if let (Some(wish), Some(more)) = (wish.as_object_mut(), more.as_object()) {
            wish.extend(more.clone());
        }
        match self.post(&format!("incidents/{incident}/steps"), &wish)? {
            (200, body) => Ok(body),
            (status, body) => trouble(format!("{action} was answered {status}: {body}")),
        }
    }
}

fn told(answer: Response) -> Outcome<(u16, Value)> {
    let status = answer.status().as_u16();
    let text = answer.text().doing("reading an answer")?;
    Ok((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
}
