//! The one function through which every call passes: number it, wait, let it be disturbed, answer, sign off, tell.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Collected, Full};

use crate::account::Account;
use crate::call::Call;
use crate::caller::Caller;
use crate::config::Answered;
use crate::disturbance::{Arrived, Fault};
use crate::received::{Received, Target};
use crate::refusal::Refusal;
use crate::s3::S3;
use crate::store::Store;
use crate::sts::STEP;
use crate::trace::Trace;
use crate::under_way;
use crate::wire::{Cut, Reply, Wire};
use crate::{query, s3control};

/// All services.
#[derive(Debug)]
pub(crate) struct Service {
    /// The account that has the buckets.
    home: Member,
    s3: S3,
    /// The accounts beside it.
    others: Vec<Member>,
    trace: Option<Trace>,
}

/// An account, and where it is kept.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) account: Arc<Account>,
    pub(crate) store: Option<Store>,
}

impl Service {
    /// The services of some accounts: what is kept, and what is written down.
    pub(crate) fn new(home: Member, others: Vec<Member>, trace: Option<Trace>) -> Self {
        Self { s3: S3::new(&home.account), home, others, trace }
    }

    /// The account that a request is carried out in: whose key signed it, or, of one that nobody signs, whose role it
    /// is about.
    fn member(&self, received: &Received) -> &Member {
        if self.others.is_empty() {
            return &self.home;
        }
        let (id, token) = (received.access_key_id(), received.security_token());
        let role = received.role_arn();
        let of_role = role.as_deref().and_then(|arn| arn.split(':').nth(4));
        let is_of = |member: &&Member| match &id {
            Some(id) => member.account.has_key(id, token.as_deref()),
            None => of_role == Some(member.account.config.account.as_str()),
        };
        self.others.iter().find(is_of).unwrap_or(&self.home)
    }

    /// Answers one request, or cuts its connection. Faults, delays and records of calls belong here and nowhere
    /// else.
    pub(crate) async fn answer<B>(&self, request: Request<B>, wire: &Wire) -> Result<Response<Reply>, Cut>
    where
        B: http_body::Body<Data = Bytes>,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let home = &self.home.account;
        let call = Arc::new(Call::new(home));
        let mut told = Answered { number: call.number, arrived: home.running(), ..Answered::default() };
        let received = Received::read(request).await;
        let member = self.member(&received);
        told.call = received.call();
        told.access_key_id = received.access_key_id();
        let token = received.security_token();
        let known = told.access_key_id.as_deref().map(|id| Caller::of(&member.account, id, token.as_deref()));
        let subject = under_way::subject(&received).filter(|_| matches!(known, Some(Ok(_))));
        let claim = subject.map(|subject| member.account.under_way.begin(call.number, subject));
        let head = received.parts.method == Method::HEAD;
        if let Some(latency) = home.config.latency {
            tokio::time::sleep(latency).await;
        }
        let fault = self.fault(&told).await;
        told.fault = fault.name();
        let mut response = self.carry_out(member, received, &call, &fault).await;
        if let Some(response) = &mut response {
            if head || response.status() == StatusCode::NOT_MODIFIED {
                // An answer without a body; of a HEAD the length is that of the object.
                *response.body_mut() = Full::default();
            }
            call.sign_off(response);
            told.status = response.status().as_u16();
        }
        told.operation = call.operation().unwrap_or("unknown").to_owned();
        told.step = call.noted(STEP);
        told.answered = home.running();
        if let Some(trace) = &self.trace {
            trace.write(&told);
        }
        if let Some(observer) = &home.config.observer {
            observer.see(told);
        }
        drop(claim);
        send(response, &fault, wire).await
    }

    async fn fault(&self, told: &Answered) -> Fault {
        let Some(disturbance) = &self.home.account.config.disturbance else { return Fault::None };
        let arrived = Arrived {
            number: told.number,
            call: told.call.clone(),
            access_key_id: told.access_key_id.clone(),
        };
        disturbance.decide(arrived).await
    }

    /// Does what is asked for, or what the fault lets of it; nothing when there is no answer to speak of.
    async fn carry_out(
        &self,
        member: &Member,
        received: Received,
        call: &Arc<Call>,
        fault: &Fault,
    ) -> Option<Response<Full<Bytes>>> {
        match fault {
            Fault::CutBefore | Fault::Silent { carried_out: false } => None,
            Fault::Refuse { status, code, message } => {
                let refusal = Refusal::new(code.clone(), *status, message.clone());
                Some(refuse(&received.target, &refusal, call))
            }
            Fault::Stale if received.only_reads() => {
                let then = Arc::new(member.account.before_the_last_change());
                let s3 = S3::new(&then);
                Some(dispatch(&then, &s3, received, call).await)
            }
            _ => {
                let target = received.target.clone();
                let response = dispatch(&member.account, &self.s3, received, call).await;
                Some(member.kept(response, &target, call).await)
            }
        }
    }
}

impl Member {
    /// The answer, when what it tells of is kept; what is not cannot be told.
    async fn kept(
        &self,
        response: Response<Full<Bytes>>,
        target: &Target,
        call: &Call,
    ) -> Response<Full<Bytes>> {
        let Some(store) = &self.store else { return response };
        match store.save(|| self.account.snapshot()).await {
            Ok(()) => response,
            Err(error) => {
                let text = format!("The sandbox cannot save its state: {error}");
                refuse(target, &Refusal::new("InternalError", 500, text), call)
            }
        }
    }
}

async fn dispatch(
    account: &Arc<Account>,
    s3: &S3,
    received: Received,
    call: &Arc<Call>,
) -> Response<Full<Bytes>> {
    let Received { parts, host, target, body } = received;
    let body = match body {
        Ok(body) => body,
        Err(refusal) => return refuse(&target, &refusal, call),
    };
    match &target {
        Target::Query(api) => query::answer(account, *api, &host, &parts, &body, call).await,
        Target::S3Control { account: named } => {
            s3control::answer(account, named.as_deref(), &host, &parts, &body, call)
        }
        Target::S3 if !std::ptr::eq(account.home(), &**account) => {
            let home = &account.home().config.account;
            let text = format!("The sandbox's buckets are account {home}'s, and open to no other one.");
            refuse(&target, &Refusal::new("NotImplemented", 501, text), call)
        }
        Target::S3 => s3.answer(account, &host, parts, body, call).await,
        Target::Unknown(service) => {
            let text = format!("The sandbox has no service {service}: it has s3, s3-control, iam and sts.");
            refuse(&target, &Refusal::new("NotImplemented", 501, text), call)
        }
    }
}

/// Sends an answer as far as the fault lets it.
async fn send(
    response: Option<Response<Full<Bytes>>>,
    fault: &Fault,
    wire: &Wire,
) -> Result<Response<Reply>, Cut> {
    let Some(response) = response.filter(|_| !matches!(fault, Fault::CutAfter | Fault::Silent { .. })) else {
        if matches!(fault, Fault::Silent { .. }) {
            wire.client_gone().await;
        }
        wire.reset_at_end();
        return Err(Cut);
    };
    if *fault != Fault::CutInBody {
        return Ok(response.map(Reply::from));
    }
    let (parts, body) = response.into_parts();
    // It is in memory: there is no failing, and no waiting.
    let body = body.collect().await.map_or_else(|never| match never {}, Collected::to_bytes);
    if body.is_empty() {
        wire.reset_at_end();
        return Err(Cut);
    }
    Ok(Response::from_parts(parts, Reply::half(&body)))
}

fn refuse(target: &Target, refusal: &Refusal, call: &Call) -> Response<Full<Bytes>> {
    match target {
        Target::S3 => crate::s3::error_response(refusal, call),
        Target::S3Control { .. } => s3control::error_response(refusal, call),
        Target::Query(api) => query::error_response(api.unwrap_or(query::Api::Sts), refusal, call),
        Target::Unknown(_) => query::error_response(query::Api::Sts, refusal, call),
    }
}

/// An XML answer.
pub(crate) fn xml_response(status: u16, body: String, content_type: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type));
    response
}
