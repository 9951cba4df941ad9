import { Link } from "@tanstack/react-router";
import type { FC } from "react";

/** An address that leads nowhere. */
export const Missing: FC = () => (
  <main className="alone">
    <div className="state">
      <div className="h">There is nothing at this address</div>
      <p>The link may be from a newer Steward, or the view has another name now.</p>
      <div className="bt">
        <Link to="/" className="btn">
          Go to overview
        </Link>
      </div>
    </div>
  </main>
);
