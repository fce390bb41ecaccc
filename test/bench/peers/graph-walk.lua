-- Routes a request by the graph of its domain. Every worker sees a change at once, because a document lives in a dictionary
-- that workers share; the price is that it is decoded for each request.
local cjson = require('cjson.safe')
local documents = ngx.shared.documents

local find = ngx.re.find

local rules = {}

function rules.ua(args)
  local agent = ngx.var.http_user_agent
  if not agent then return args.fail end
  return find(agent:lower(), args.pattern, 'jo') and args.succ or args.fail
end

function rules.path(args)
  local uri = ngx.var.uri
  if args.regex then return find(uri, args.pattern, 'jo') and args.succ or args.fail end
  return uri:sub(1, #args.pattern) == args.pattern and args.succ or args.fail
end

local _M = {}

function _M.load(file)
  local handle = assert(io.open(file))
  local all = assert(cjson.decode(handle:read('*a')))
  handle:close()
  for domain, document in pairs(all) do assert(documents:set(domain, cjson.encode(document))) end
end

function _M.walk()
  local text = documents:get(ngx.var.host)
  if not text then return ngx.exit(404) end
  local document = cjson.decode(text)
  if not document or not document.init or not document.rules then return ngx.exit(400) end
  local name = document.init
  while name do
    local rule = document.rules[name]
    if not rule then return ngx.exit(500) end
    if rule.type == 'backend' then
      ngx.var.upstream = rule.args.servername
      return
    end
    local decide = rules[rule.type]
    if not decide then return ngx.exit(500) end
    name = decide(rule.args)
  end
  return ngx.exit(403)
end

return _M
