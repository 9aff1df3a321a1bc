// Reads the request and the response of a model's call as the chat that they are. Pure.
//
// What programs record is what they send and get: requests of OpenAI's two APIs, of Anthropic's and of Google's, of
// LangChain, and of whoever talks like them. Whatever is in none of their forms is kept as it is, and shown as JSON.

/** @typedef {Record<string, unknown>} Mapping */

/**
 * A part of a message.
 * @typedef {object} Part
 * @property {"text" | "thinking" | "call" | "result" | "other"} kind
 * @property {string} [text]
 * @property {string} [id]  Of a call, or of the call that a result is of.
 * @property {string} [name]  Of the tool.
 * @property {unknown} [value]  A call's arguments, what came out of it, or what has no other form.
 * @property {boolean} [failed]
 * @property {Part} [result]  What came out of a call, where a later message has it.
 */

/**
 * @typedef {object} Message
 * @property {string} role
 * @property {string} name
 * @property {Part[]} parts
 * @property {boolean} answer  Whether it is what the model said in this call.
 */

/**
 * @typedef {object} Chat
 * @property {Message[]} messages
 * @property {{name: string, description: string, value: unknown}[]} tools  Those that the model was offered.
 * @property {[string, unknown][]} settings  What else the request says, such as the temperature.
 * @property {string} finish  Why the model stopped.
 */

/** What holds the messages of a request, in one form or another. */
const SPOKEN = ["messages", "input", "contents", "prompt", "prompts"];
const SYSTEM = ["system", "instructions", "systemInstruction", "system_instruction", "system_prompt"];
/** What LangChain and Google call those who speak. */
const ROLES = new Map([
  ["human", "user"],
  ["ai", "assistant"],
  ["AIMessageChunk", "assistant"],
  ["model", "assistant"],
]);

/**
 * The chat that a call of a model was.
 * @param {unknown} request  That of the `llm_invocation` of the START.
 * @param {unknown} response  That of the END.
 * @returns {Chat}
 */
export function chatOf(request, response) {
  const asked = mapping(request);
  const said = [...systemOf(asked), ...requestOf(request, asked)];
  const answers = responseOf(response).map((message) => ({ ...message, answer: true }));
  return {
    messages: withResults([...said, ...answers]),
    tools: toolsOf(asked.tools ?? asked.functions),
    settings: Object.entries(asked).filter(([name]) => ![...SPOKEN, ...SYSTEM, "tools", "functions"].includes(name)),
    finish: finishOf(mapping(response)),
  };
}

/** @param {Mapping} asked */
function systemOf(asked) {
  return SYSTEM.flatMap((name) => (asked[name] ? [message("system", partsOf(asked[name]))] : []));
}

/** @param {unknown} request @param {Mapping} asked @returns {Message[]} */
function requestOf(request, asked) {
  if (typeof request === "string" || Array.isArray(request)) return messagesOf(request);
  const name = SPOKEN.find((each) => asked[each] !== undefined && asked[each] !== null);
  return name === undefined ? [] : messagesOf(asked[name]);
}

/** @param {unknown} given @returns {Message[]} */
function messagesOf(given) {
  if (typeof given === "string") return [message("user", [text(given)])];
  if (!Array.isArray(given)) return given ? [oneOf(mapping(given))] : [];
  // LangChain records the messages of each prompt of a batch as a list in the list.
  return given.flatMap((each) => {
    if (Array.isArray(each)) return messagesOf(each);
    return typeof each === "string" ? [message("user", [text(each)])] : [oneOf(mapping(each))];
  });
}

/** A message, or what stands in place of one in the list. @param {Mapping} given @returns {Message} */
function oneOf(given) {
  const data = given.data && !given.content ? { ...mapping(given.data), type: given.type } : given;
  const type = word(data.type);
  const item = data.role === undefined ? itemOf(type, data) : null;
  if (item) return item;
  const role = word(data.role) || type;
  const known = ROLES.get(role) ?? (role || "message");
  if (known === "tool" || known === "function") return message(known, [resultOf(data)], word(data.name));
  const content = data.content ?? data.parts ?? data.text;
  const parts = [...thoughtsOf(data), ...partsOf(content), ...refusalOf(data), ...callsOf(data)];
  // A message in a form that nobody here knows is shown as it came.
  return message(known, parts.length || "content" in data ? parts : [other(given)], word(data.name));
}

/** An item of OpenAI's newer API that is no message. @param {string} type @param {Mapping} data */
function itemOf(type, data) {
  if (type.endsWith("_call_output")) return message("tool", [resultOf(data)]);
  if (type.endsWith("_call")) return message("assistant", [callOf(data)]);
  if (type === "reasoning") return message("assistant", [thinking(textOf(data.summary) || textOf(data.content))]);
  return null;
}

/** @param {unknown} response @returns {Message[]} */
function responseOf(response) {
  if (response === null || response === undefined) return [];
  if (typeof response === "string") return [message("assistant", [text(response)])];
  if (Array.isArray(response)) return messagesOf(response).map(spoken);
  const said = mapping(response);
  if (Array.isArray(said.choices)) return said.choices.map((each) => answerOf(mapping(each)));
  if (Array.isArray(said.candidates)) return said.candidates.map((each) => answerOf(mapping(each)));
  if (said.output !== undefined) return messagesOf(said.output).map(spoken);
  if (said.message !== undefined) return messagesOf([said.message]).map(spoken);
  if (Array.isArray(said.messages)) return messagesOf(said.messages).map(spoken);
  if (!Object.keys(said).length) return [];
  const answer = { ...oneOf(said), role: word(said.role) || "assistant" };
  // An empty answer is one, too: the model may have called tools that were not recorded with it.
  return answer.parts.length || "content" in said ? [answer] : [];
}

/** @param {Mapping} choice */
function answerOf(choice) {
  const inside = choice.message ?? choice.content ?? choice.delta;
  return spoken(inside === undefined ? oneOf(choice) : messagesOf([inside])[0]);
}

/** What came from a model was said by the assistant, unless it says otherwise. @param {Message} given */
function spoken(given) {
  return given.role === "message" || given.role === "user" ? { ...given, role: "assistant" } : given;
}

/** @param {unknown} content @returns {Part[]} */
function partsOf(content) {
  if (content === null || content === undefined || content === "") return [];
  if (typeof content === "string") return [text(content)];
  if (Array.isArray(content)) return content.flatMap(partOf);
  const given = mapping(content);
  return Array.isArray(given.parts) ? given.parts.flatMap(partOf) : partOf(content);
}

/** @param {unknown} given @returns {Part[]} */
function partOf(given) {
  if (typeof given === "string") return [text(given)];
  const part = mapping(given);
  const type = word(part.type);
  if (type === "tool_use" || type === "server_tool_use" || type === "function_call") return [callOf(part)];
  if (type.endsWith("tool_result")) return [resultOf(part)];
  if (type === "thinking" || type === "reasoning") return [thinking(textOf(part.thinking ?? part.text ?? part.summary))];
  if (type === "refusal") return refusalOf(part);
  const call = part.functionCall ?? part.function_call;
  if (call) return [callOf(mapping(call))];
  const result = part.functionResponse ?? part.function_response;
  if (result) return [resultOf(mapping(result))];
  if (typeof part.text === "string") return [part.thought === true ? thinking(part.text) : text(part.text)];
  return [other(given)];
}

/** @param {Mapping} data @returns {Part[]} */
function callsOf(data) {
  const calls = Array.isArray(data.tool_calls) ? data.tool_calls : data.tool_calls ? [data.tool_calls] : [];
  const older = data.function_call ? [data.function_call] : [];
  return [...calls, ...older].map((each) => callOf(mapping(each)));
}

/** @param {Mapping} given @returns {Part} */
function callOf(given) {
  const inside = typeof given.function === "object" && given.function ? mapping(given.function) : given;
  const value = inside.arguments ?? inside.args ?? inside.input ?? inside.action;
  return {
    kind: "call",
    id: word(given.call_id) || word(given.id),
    name: word(inside.name) || word(given.type) || "tool",
    value: unpacked(value),
  };
}

/** @param {Mapping} given @returns {Part} */
function resultOf(given) {
  const value = given.output ?? given.content ?? given.response ?? given.result ?? null;
  // A result in blocks of text alone is that text.
  const blocks = Array.isArray(value) ? partsOf(value) : [];
  const onlyText = blocks.length > 0 && blocks.every((each) => each.kind === "text");
  return {
    kind: "result",
    id: word(given.tool_call_id) || word(given.tool_use_id) || word(given.call_id) || word(given.id),
    name: word(given.name),
    value: onlyText ? blocks.map((each) => each.text).join("\n") : unpacked(value),
    failed: given.is_error === true || given.status === "error",
  };
}

/** @param {Mapping} data @returns {Part[]} */
function thoughtsOf(data) {
  const said = data.reasoning_content ?? data.reasoning ?? data.thinking;
  return typeof said === "string" && said ? [thinking(said)] : [];
}

/** @param {Mapping} data @returns {Part[]} */
function refusalOf(data) {
  return typeof data.refusal === "string" && data.refusal ? [text(data.refusal)] : [];
}

/**
 * Puts the result of each call where the call is, and leaves out messages in which nothing else was.
 * @param {Message[]} messages
 */
function withResults(messages) {
  /** Calls that wait for a result, by their ids, and those without an id by the name of the tool. */
  const waiting = /** @type {Map<string, Part[]>} */ (new Map());
  return messages.flatMap((each) => {
    const parts = each.parts.filter((part) => {
      if (part.kind === "call") {
        const key = keyOf(part);
        waiting.set(key, [...(waiting.get(key) ?? []), part]);
      }
      const call = part.kind === "result" ? waiting.get(keyOf(part))?.shift() : undefined;
      if (call) call.result = part;
      return call === undefined;
    });
    return parts.length || !each.parts.length ? [{ ...each, parts }] : [];
  });
}

/** @param {Part} part */
function keyOf(part) {
  return part.id ? `id ${part.id}` : `name ${part.name}`;
}

/** @param {unknown} given */
function toolsOf(given) {
  const listed = Array.isArray(given) ? given : [];
  // Google has a list of functions in each tool.
  const flat = listed.flatMap((each) => mapping(each).functionDeclarations ?? mapping(each).function_declarations ?? [each]);
  return flat.map((each) => {
    if (typeof each === "string") return { name: each, description: "", value: each };
    const tool = mapping(each);
    const inside = tool.function ? mapping(tool.function) : tool;
    const name = word(inside.name) || word(tool.type) || "tool";
    return { name, description: word(inside.description), value: each };
  });
}

/** @param {Mapping} said */
function finishOf(said) {
  const first = mapping(Array.isArray(said.choices) ? said.choices[0] : Array.isArray(said.candidates) ? said.candidates[0] : said);
  return word(first.finish_reason) || word(first.stop_reason) || word(first.finishReason) || word(first.done_reason);
}

/** Arguments are often recorded as the JSON that the model wrote. @param {unknown} value */
function unpacked(value) {
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return value ?? null;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/** @param {unknown} given */
function textOf(given) {
  return partsOf(given).map((part) => part.text ?? "").join("\n");
}

/** @param {unknown} given @returns {Mapping} */
function mapping(given) {
  return typeof given === "object" && given !== null && !Array.isArray(given) ? /** @type {Mapping} */ (given) : {};
}

/** @param {unknown} given */
function word(given) {
  return typeof given === "string" ? given : "";
}

/** @param {string} given @returns {Part} */
function text(given) {
  return { kind: "text", text: given };
}

/** @param {string} given @returns {Part} */
function thinking(given) {
  return { kind: "thinking", text: given };
}

/** @param {unknown} value @returns {Part} */
function other(value) {
  return { kind: "other", value };
}

/** @param {string} role @param {Part[]} parts @param {string} [name] @returns {Message} */
function message(role, parts, name = "") {
  return { role, name, parts, answer: false };
}
