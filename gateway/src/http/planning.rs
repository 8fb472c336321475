//! What operators plan exams with.

use crate::app::App;
use crate::auth::permissions::role_of;
use crate::error::ApiError;
use crate::wire::planning::{PlannablePerson, PlannableTool, Planning};
use actix_web::web;
use engine::exam::{ExamClass, Role};
use entities::{MaterialHead, MaterialKind, PEOPLE_MAX, Person};

/// `GET /api/nsk/v1/planning`.
///
/// # Errors
/// 500 when the store or a tool cannot be read.
pub async fn show(app: web::Data<App>) -> Result<web::Json<Planning>, ApiError> {
    let people = app.store.people(PEOPLE_MAX).await.map_err(|e| ApiError::internal(&e))?;
    let held = app.store.roles_by_person(app.clock.now()).await;
    let mut held = held.map_err(|e| ApiError::internal(&e))?;
    let mut people: Vec<_> = people
        .into_iter()
        .map(|person| match held.remove(&person.id) {
            // A list that was written down may be older than the end of a role.
            Some(roles) => Person { roles: roles.into_iter().collect(), ..person },
            None => person,
        })
        .filter_map(plannable)
        .collect();
    people.sort_by(|a, b| a.name.cmp(&b.name).then(a.person.cmp(&b.person)));
    let heads = app.store.materials().await.map_err(|e| ApiError::internal(&e))?;
    let mut tools = Vec::with_capacity(heads.len());
    for head in heads {
        tools.push(tool(&app, head).await?);
    }
    Ok(web::Json(Planning { people, tools }))
}

fn plannable(person: Person) -> Option<PlannablePerson> {
    let roles: Vec<Role> = person.roles.iter().filter_map(|word| role_of(word)).collect();
    let useful = roles.contains(&Role::Candidate) || roles.contains(&Role::Expert);
    (person.active && useful).then_some(PlannablePerson {
        person: person.id,
        name: person.name,
        roles,
    })
}

async fn tool(app: &App, head: MaterialHead) -> Result<PlannableTool, ApiError> {
    let theory = head.kind == MaterialKind::Theory;
    let qualification = if theory {
        let tool = app.catalog.tool(head.hash).await.map_err(|e| ApiError::internal(&e))?;
        tool.map(|tool| tool.qualification.num.clone())
    } else {
        None
    };
    Ok(PlannableTool {
        hash: head.hash,
        part: if theory { ExamClass::Theory } else { ExamClass::Practice },
        title: head.title,
        version: head.version,
        skill_id: head.skill_id.unwrap_or(0),
        qualification,
    })
}
