//! Exams of small tools, planned and led through HTTP alone, as their people would do it.

use crate::http::{Ask, Http};
use crate::stack::{OPERATOR, Stack};
use actors::clock::SystemIds;
use actors::ports::IdSource;
use actors::testing::plans::{AnExam, small_practice, small_tool};
use engine::exam::{Command, Issuer, Plan, Role};
use engine::{CommandId, PersonId, Span, WireId};
use entities::Person;
use gateway::adapters::{keep_practice, keep_theory};
use gateway::auth::{password, permissions};
use serde_json::{Value, json};

/// A new command id.
pub fn fresh() -> CommandId {
    SystemIds.command_id()
}

/// The path of an exam's commands.
pub fn commands(exam: WireId) -> String {
    format!("/api/nsk/v1/exams/{exam}/commands")
}

/// The body of a command with a new id.
pub fn request(command: &Command) -> Value {
    json!({"cmd": fresh(), "body": command})
}

/// Who a command comes from, as a stack signs them in.
pub fn who(issuer: &Issuer) -> (PersonId, Role) {
    let role = issuer.roles.iter().next().copied().unwrap_or(Role::Observer);
    (issuer.person.unwrap_or(OPERATOR), role)
}

impl Stack {
    /// Brings in the small tools.
    ///
    /// # Panics
    /// When the store does not take them.
    pub async fn keep_small_tools(&self) {
        let (store, now) = (&self.app.store, self.app.clock.now());
        let kept = keep_theory(store, &small_tool(), now).await;
        assert!(kept.is_ok(), "{kept:?}");
        let kept = keep_practice(store, &small_practice(), now).await;
        assert!(kept.is_ok(), "{kept:?}");
    }

    /// The plan of an exam that begins now.
    pub fn plan_of(&self, exam: &AnExam) -> Plan {
        let now = self.app.clock.now();
        Plan { begins_at: now, ends_at: now + Span::minutes(240), ..exam.plan() }
    }

    /// Schedules an exam that begins now.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn plan(&self, exam: &AnExam) {
        let body = json!({"cmd": fresh(), "plan": self.plan_of(exam)});
        self.operator().post("/api/nsk/v1/exams", &body).await.json_of(200);
    }

    /// Gives a command, and answers the reply to it.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn give(&self, exam: WireId, (issuer, command): (Issuer, Command)) -> Value {
        let (person, role) = who(&issuer);
        let mut http = self.http(person, role);
        http.post(&commands(exam), &request(&command)).await.json_of(200)
    }

    /// Schedules an exam and leads it to where its first part can be started.
    ///
    /// # Panics
    /// When anything of that is refused.
    pub async fn ready(&self, exam: &AnExam) {
        self.plan(exam).await;
        let cast = exam.cast();
        for step in cast.until_ready() {
            self.give(cast.exam, step).await;
        }
    }

    /// As [`Stack::ready`], and its theory test has begun.
    ///
    /// # Panics
    /// When anything of that is refused.
    pub async fn in_theory(&self, exam: &AnExam) {
        self.ready(exam).await;
        let cast = exam.cast();
        self.give(cast.exam, (cast.chair(), Command::StartTheory {})).await;
    }

    /// What an exam looks like to a person.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn view(&self, exam: WireId, person: PersonId, role: Role) -> Value {
        self.http(person, role).get(&format!("/api/nsk/v1/exams/{exam}")).await.json_of(200)
    }

    /// A client of somebody who commands.
    pub fn http_of(&self, issuer: &Issuer) -> Http {
        let (person, role) = who(issuer);
        self.http(person, role)
    }

    /// The token of somebody who commands.
    pub fn token_of(&self, issuer: &Issuer) -> String {
        let (person, role) = who(issuer);
        self.token(person, role)
    }
}

impl Stack {
    /// Enters a person who signs in with their login as the password.
    ///
    /// # Panics
    /// When the store does not take them.
    pub async fn enter(&self, id: PersonId, login: &str, role: Role) {
        let secret = login.to_owned();
        let salt = SystemIds.salt();
        let hashed = tokio::task::spawn_blocking(move || password::hash(&secret, salt)).await;
        let Ok(Ok(password_hash)) = hashed else { panic!("no hash: {hashed:?}") };
        let person = Person {
            id,
            login: login.to_owned(),
            name: format!("Person {login}"),
            password_hash,
            roles: vec![permissions::word(role).to_owned()],
            personnel_no: None,
            active: true,
            made_at: self.app.clock.now(),
        };
        let put = self.app.store.put_person(&person).await;
        assert!(put.is_ok(), "{put:?}");
    }

    /// Signs somebody in at the legacy door, as their client would.
    ///
    /// # Panics
    /// When they are refused.
    pub async fn sign_in(&self, login: &str) -> Http {
        let form = format!("grant_type=password&username={login}&password={login}");
        let reply = Http::new(self.addr).must(Ask::form("/token", &form)).await.json_of(200);
        match reply["access_token"].as_str() {
            Some(token) => Http::bearer(self.addr, token),
            None => panic!("no token: {reply}"),
        }
    }
}
