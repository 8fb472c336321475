//! An exam day as clients make it: planned, opened and started over HTTP, then answers, answers,
//! answers.

use crate::audience::Audience;
use crate::http::{Connection, Request};
use crate::socket::Socket;
use crate::station::{PASSWORD, PEOPLE, tool_hash};
use serde_json::{Value, json};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::task::JoinSet;
use uuid::Uuid;

/// Where the API lives.
const API: &str = "/api/nsk/v1";
/// Connections that prepare exams side by side.
const PREPARING: usize = 16;
/// First exam number.
pub const FIRST_EXAM: u64 = 1_001;
/// The path of the live socket.
const LIVE: &str = "/live";

/// Tokens of the people of [`PEOPLE`].
#[derive(Clone, Debug)]
pub struct Day {
    /// Where the station listens.
    pub address: SocketAddr,
    tokens: Arc<[(String, String)]>,
    tool: Arc<str>,
}

impl Day {
    /// Signs everybody in.
    ///
    /// # Errors
    /// When the station refuses.
    pub async fn begin(address: SocketAddr) -> io::Result<Day> {
        let mut connection = Connection::open(address).await?;
        let mut tokens = Vec::new();
        for (login, ..) in PEOPLE {
            let body = format!("grant_type=password&username={login}&password={PASSWORD}");
            let request = Request {
                method: "POST",
                path: "/token",
                token: None,
                body: Some(("application/x-www-form-urlencoded", body.as_bytes())),
            };
            let reply = connection.ask(request).await?.json()?;
            let token = reply["access_token"].as_str().unwrap_or_default().to_owned();
            tokens.push((login.to_owned(), token));
        }
        Ok(Day { address, tokens: tokens.into(), tool: tool_hash()?.into() })
    }

    /// The same people at the same station, which listens somewhere else now.
    #[must_use]
    pub fn at(self, address: SocketAddr) -> Day {
        Day { address, ..self }
    }

    /// The token of a login of [`PEOPLE`].
    pub fn token(&self, login: &str) -> &str {
        self.tokens.iter().find(|(l, _)| l == login).map_or("", |(_, token)| token)
    }

    /// Opens a live socket and says hello.
    ///
    /// # Errors
    /// When the station refuses.
    pub async fn socket(&self, login: &str) -> io::Result<Socket> {
        let mut socket = Socket::open(self.address, LIVE).await?;
        let hello = json!({"t": "hello", "id": 1, "ver": 1, "token": self.token(login)});
        socket.send(&hello.to_string()).await?;
        let welcome = socket.next().await?;
        if !welcome.starts_with(b"{\"t\":\"welcome\"") {
            let text = String::from_utf8_lossy(welcome).into_owned();
            return Err(io::Error::other(format!("no welcome: {text}")));
        }
        Ok(socket)
    }

    /// Opens a live socket that follows a stream and has its snapshot.
    ///
    /// # Errors
    /// When the station refuses.
    pub async fn follow(&self, login: &str, stream: &str) -> io::Result<Socket> {
        let mut socket = self.socket(login).await?;
        socket.send(&json!({"t": "sub", "id": 2, "s": stream}).to_string()).await?;
        loop {
            let payload = socket.next().await?;
            if payload.starts_with(b"{\"t\":\"snap\"") {
                return Ok(socket);
            }
            if payload.starts_with(b"{\"t\":\"err\"") {
                return Err(io::Error::other(String::from_utf8_lossy(payload).into_owned()));
            }
        }
    }

    /// So many more sockets of an observer that follow a stream.
    ///
    /// # Errors
    /// When the station refuses.
    pub async fn watch(
        &self,
        audience: &mut Audience,
        stream: &str,
        count: usize,
    ) -> io::Result<()> {
        let stream: Arc<str> = stream.into();
        let follow = || {
            let (day, stream) = (self.clone(), stream.clone());
            async move { day.follow("observer", &stream).await }
        };
        audience.open(count, follow).await
    }

    /// Plans exams, and brings each to the running theory test.
    ///
    /// # Errors
    /// What the station refused first.
    pub async fn start_exams(&self, count: u64) -> io::Result<Vec<Exam>> {
        self.start_more_exams(0, count).await
    }

    /// As [`Day::start_exams`], with the numbers after those of `before` exams.
    ///
    /// # Errors
    /// What the station refused first.
    pub async fn start_more_exams(&self, before: u64, count: u64) -> io::Result<Vec<Exam>> {
        let first = FIRST_EXAM + before;
        let all: Vec<u64> = (first..first + count).collect();
        let mut preparing = JoinSet::new();
        for part in all.chunks(all.len().div_ceil(PREPARING).max(1)) {
            let (day, part) = (self.clone(), part.to_vec());
            preparing.spawn(async move {
                let mut connection = Connection::open(day.address).await?;
                let mut exams = Vec::new();
                for id in part {
                    exams.push(day.start_exam(&mut connection, id).await?);
                }
                Ok::<_, io::Error>(exams)
            });
        }
        let mut exams = Vec::new();
        while let Some(part) = preparing.join_next().await {
            exams.extend(part.map_err(io::Error::other)??);
        }
        exams.sort_by_key(|exam| exam.id);
        Ok(exams)
    }

    async fn start_exam(&self, connection: &mut Connection, id: u64) -> io::Result<Exam> {
        let plan = json!({"cmd": Uuid::now_v7(), "plan": self.plan(id)});
        let request = plan.to_string();
        let path = format!("{API}/exams");
        let token = Some(self.token("operator"));
        connection.ask(Request::post(&path, token, request.as_bytes())).await?.json()?;
        self.command(connection, id, "operator", &json!({"type": "open"})).await?;
        for expert in ["expert1", "expert2", "expert3"] {
            self.command(connection, id, expert, &json!({"type": "arrive"})).await?;
        }
        self.command(connection, id, "expert1", &json!({"type": "confirm_identity"})).await?;
        self.command(connection, id, "expert1", &json!({"type": "start_theory"})).await?;
        let path = format!("{API}/exams/{id}");
        let token = Some(self.token("candidate"));
        let seen = connection.ask(Request::get(&path, token)).await?.json()?;
        let answers = Answers::of(&seen["state"])
            .ok_or_else(|| io::Error::other(format!("no question to answer in {seen}")))?;
        Ok(Exam { id, answers })
    }

    fn plan(&self, id: u64) -> Value {
        let panel: Vec<Value> = PEOPLE
            .iter()
            .filter(|(_, _, role, _)| *role == "expert")
            .map(|(login, name, _, person)| {
                let role = if *login == "expert1" { "chair" } else { "expert" };
                json!({"person": person, "name": name, "role": role})
            })
            .collect();
        let (_, name, _, person) = PEOPLE[PEOPLE.len() - 1];
        let now = now_ms();
        json!({
            "wire_id": id,
            "class": "theory",
            "title": "Специалист по эксплуатации мостовых кранов",
            "qualification": "12.00798.02",
            "skill_id": 57,
            "centre": "ЦОК Москва",
            "room": format!("Аудитория {}", id % 40),
            "tz": "Europe/Moscow",
            "begins_at": now,
            "ends_at": now + 4 * 3_600_000,
            "candidate": {"person": person, "name": name},
            "panel": panel,
            "quorum": 3,
            "tool": &*self.tool,
        })
    }

    /// Gives one command over HTTP.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn command(
        &self,
        connection: &mut Connection,
        exam: u64,
        login: &str,
        body: &Value,
    ) -> io::Result<Value> {
        let path = command_path(exam);
        let text = json!({"cmd": Uuid::now_v7(), "body": body}).to_string();
        let request = Request::post(&path, Some(self.token(login)), text.as_bytes());
        connection.ask(request).await?.json()
    }
}

/// Where an exam takes commands.
pub fn command_path(exam: u64) -> String {
    format!("{API}/exams/{exam}/commands")
}

/// Where an exam is read.
pub fn exam_path(exam: u64) -> String {
    format!("{API}/exams/{exam}")
}

/// A started exam.
#[derive(Clone, Debug)]
pub struct Exam {
    /// Its number.
    pub id: u64,
    /// What its candidate can answer.
    pub answers: Answers,
}

impl Exam {
    /// The `n`-th answer as an HTTP command.
    pub fn request(&self, n: u64) -> String {
        format!("{{\"cmd\":\"{}\",\"body\":{}}}", Uuid::now_v7(), self.answers.body(n))
    }

    /// The `n`-th answer as a frame.
    pub fn frame(&self, n: u64) -> String {
        format!(
            "{{\"t\":\"cmd\",\"id\":{n},\"s\":\"exam:{}\",\"cmd\":\"{}\",\"body\":{}}}",
            self.id,
            Uuid::now_v7(),
            self.answers.body(n)
        )
    }
}

/// Answers to one question, each different from the one before: a repeated answer changes nothing
/// and would not be journalled.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answers {
    /// An open question with so many gaps.
    Open {
        /// The question.
        question: u64,
        /// Its gaps.
        gaps: usize,
    },
    /// A question with a choice of these.
    Choice {
        /// The question.
        question: u64,
        /// Its variants.
        variants: Vec<u64>,
    },
}

impl Answers {
    /// A question of the form that the candidate sees, an open one if there is one.
    pub fn of(state: &Value) -> Option<Answers> {
        let form = state["theory"]["form"].as_object()?;
        let id = |question: &Value| question["question_id"].as_u64();
        let open = form.values().find(|q| q["kind"] == "open");
        if let Some(question) = open {
            let segments = question["segments"].as_array()?;
            let gaps = segments.iter().filter(|s| s["type"] == "gap").count();
            return Some(Answers::Open { question: id(question)?, gaps });
        }
        let choice = form.values().find(|q| q["kind"] == "choice")?;
        let variants = choice["variants"].as_array()?;
        let variants: Vec<u64> = variants.iter().filter_map(|v| v["id"].as_u64()).collect();
        (variants.len() > 1).then_some(Answers::Choice { question: id(choice)?, variants })
    }

    /// The `n`-th command.
    pub fn body(&self, n: u64) -> String {
        match self {
            Answers::Open { question, gaps } => {
                let gaps = vec![format!("\"ответ {n}\""); *gaps].join(",");
                save(*question, &format!("{{\"type\":\"open\",\"gaps\":[{gaps}]}}"))
            }
            Answers::Choice { question, variants } => {
                let at = usize::try_from(n).unwrap_or_default() % variants.len();
                let chosen = variants[at];
                save(*question, &format!("{{\"type\":\"choice\",\"chosen\":[{chosen}]}}"))
            }
        }
    }
}

fn save(question: u64, answer: &str) -> String {
    format!("{{\"type\":\"save_answer\",\"question\":{question},\"answer\":{answer}}}")
}

/// The wall clock, ms since 1970.
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_question_is_preferred_and_each_answer_differs() {
        let choice =
            json!({"question_id": 5, "kind": "choice", "variants": [{"id": 1}, {"id": 2}]});
        let open = json!({"question_id": 6, "kind": "open", "segments": [
            {"type": "text", "text": "a"}, {"type": "gap", "index": 0}]});
        let state = |form: Value| json!({"theory": {"form": form}});
        let both = Answers::of(&state(json!({"1": choice, "2": open}))).expect("a question");
        assert_eq!(both, Answers::Open { question: 6, gaps: 1 });
        let one = Answers::of(&state(json!({"1": choice}))).expect("a question");
        assert_eq!(one, Answers::Choice { question: 5, variants: vec![1, 2] });
        assert_eq!(Answers::of(&json!({})), None);
        for answers in [both, one] {
            for n in 0..10 {
                let body = answers.body(n);
                serde_json::from_str::<Value>(&body).expect("JSON");
                assert_ne!(body, answers.body(n + 1));
            }
            let exam = Exam { id: 7, answers };
            let frame: Value = serde_json::from_str(&exam.frame(3)).expect("JSON");
            assert_eq!((&frame["s"], &frame["id"]), (&json!("exam:7"), &json!(3)));
            let request: Value = serde_json::from_str(&exam.request(3)).expect("JSON");
            assert_eq!(request["body"]["type"], "save_answer");
        }
    }
}
