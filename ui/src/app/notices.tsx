import { type FC, useEffect, useState } from "react";
import { Glyph, Icon } from "@/components/icon";
import { closeNotice, type Notice, useNotices } from "@/lib/notices";

/** How long a notice stays; a failure stays until it is closed. */
const SHOWN_MS = 10_000;

/** What happened a moment ago, with one thing to do about it. */
export const Notices: FC = () => {
  const notices = useNotices();
  return (
    <section className="notices" aria-label="Notices" aria-live="polite">
      {notices.map((notice) => (
        <NoticeBox key={notice.id} notice={notice} />
      ))}
    </section>
  );
};

const NoticeBox: FC<{ notice: Notice }> = ({ notice }) => {
  const [isHeld, setIsHeld] = useState(false);
  const { id, isSticky, title } = notice;
  // A changed title starts the time again: there is something new to read.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above
  useEffect(() => {
    if (isSticky || isHeld) return;
    const timer = setTimeout(() => closeNotice(id), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [id, isSticky, isHeld, title]);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: pointing at it only holds it in place
    <div
      className="notice"
      onPointerEnter={() => setIsHeld(true)}
      onPointerLeave={() => setIsHeld(false)}
      onFocus={() => setIsHeld(true)}
      onBlur={() => setIsHeld(false)}
    >
      <span className={notice.tone}>
        <Glyph tone={notice.tone} />
      </span>
      <div className="nt">
        <div className="m">{title}</div>
        {notice.text && <div className="cap t2">{notice.text}</div>}
      </div>
      {notice.action && (
        <button
          type="button"
          className="btn sm"
          onClick={() => {
            notice.action?.run();
            closeNotice(id);
          }}
        >
          {notice.action.label}
        </button>
      )}
      <button type="button" className="ib" aria-label="Close notice" onClick={() => closeNotice(id)}>
        <Icon name="x" />
      </button>
    </div>
  );
};
